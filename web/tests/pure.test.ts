// Pure parts of the pages: moments, words, how good a line is. Run by tests/rules/test_web.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layersOf, Narrow, scaleAt, sending } from '../src/layers';
import { comingBetween, HoldBack, lineBetween, type Reading } from '../src/line';
import { lookBetween, sense, type Senses } from '../src/looks';
import { fromClock, fromMoment, toMoment } from '../src/moment';
import { niceTop, runs } from '../src/parts/plots';
import { Recovery } from '../src/recovery';
import { actsIn, divided, isComposed, seenOf } from '../src/parts/studio_steps';
import { duration, t, tn } from '../src/text';
import { SPEEDS, Steering } from '../src/steering';
import { actOf, askAgain_ms, isNear, jumped, standing, startOf, tryAgain_ms } from '../src/watching';

const reading = (change: Partial<Reading>): Reading => ({ at_ms: 0, received: 0, lost: 0, packets: 0, asked: 0, stuck: 0, loss_up: 0, delay_ms: 40, room_up_bps: 1_500_000, ...change });

test('moments of links are read as people write them', () => {
  const written = { '3m20s': 200, '1h2m': 3720, '75': 75, '75s': 75, '28m': 1680, '1h0m5s': 3605, '': 0, 'soon': 0, '-5': 0, '3m20': 200 };
  for (const [text, seconds] of Object.entries(written)) assert.equal(fromMoment(text), seconds, text);
});

test('moments are read as a player shows them', () => {
  const written = { '12:30': 750, '1:02:05': 3725, '12': 720, '12m30s': 750, '0:00': 0, '120:05': 7205, '28m': 1680, '12:75': null, '': null, 'soon': null, '1:2:3:4': null, '-1': null };
  for (const [text, seconds] of Object.entries(written)) assert.equal(fromClock(text), seconds, text);
});

test('a moment written and read again is the same second', () => {
  for (const seconds of [0, 1, 59, 60, 61, 200, 3599, 3600, 3661, 86_399]) assert.equal(fromMoment(toMoment(seconds + 0.9)), seconds);
});

test('a clean line is good', () => {
  assert.equal(lineBetween(reading({}), reading({ received: 500 })).quality, 'good');
});

test('loss makes a line weak, then bad, and says in which direction', () => {
  assert.deepEqual(lineBetween(reading({}), reading({ received: 950, lost: 50 })), { quality: 'weak', where: 'down', loss_down: 0.05 });
  assert.equal(lineBetween(reading({}), reading({ received: 800, lost: 200 })).quality, 'bad');
  assert.equal(lineBetween(reading({}), reading({ received: 500, loss_up: 0.2 })).where, 'up');
});

test('what is asked for is sent, and on a weak line the smaller layers with it', () => {
  assert.deepEqual(sending(['h'], null), ['h']);
  assert.deepEqual(sending(['h', 'l'], 3_000_000), ['l', 'h']);
  assert.deepEqual(sending(['h', 'l'], 800_000), ['l', 'm', 'h']); // Or somebody who came down to the smallest would stay there until the line carries the largest.
  assert.deepEqual(sending(['h'], 3_000_000), ['h']);
  assert.deepEqual(sending(['h'], 800_000), ['m', 'h']);
  assert.deepEqual(sending(['h'], 250_000), ['l', 'm', 'h']);
  assert.deepEqual(sending(['m'], 800_000), ['m']);
  assert.deepEqual(sending(['m'], 250_000), ['l', 'm']);
  assert.deepEqual(sending(['l'], 50_000), ['l']);
});

test('a small camera has fewer layers, and the largest of them is all it has', () => {
  assert.deepEqual([[1280, 720], [720, 1280], [640, 480], [640, 360], [320, 240]].map(([width = 0, height = 0]) => layersOf(width, height)), [3, 3, 2, 2, 1]);
  assert.deepEqual([0, 1, 2].map((place) => scaleAt(place, 3)), [4, 2, 1]);
  assert.deepEqual([0, 1, 2].map((place) => scaleAt(place, 2)), [2, 1, 1]);
  assert.deepEqual(sending(['l', 'h'], 2_000_000, false, 2), ['l', 'm']);
  assert.deepEqual(sending(['m', 'h'], 2_000_000, false, 2), ['m']);
  assert.deepEqual(sending(['h'], 250_000, false, 2), ['l', 'm']);
  assert.deepEqual(sending(['h'], 100_000, false, 1), ['l']);
});

test('a narrow line gets the smallest layer alone, until it carries the middle one for sure', () => {
  const narrow = new Narrow();
  assert.deepEqual([null, 300_000, 240_000, 390_000, 410_000, 260_000].map((room_bps) => narrow.next(room_bps)), [false, false, true, true, false, false]);
  assert.deepEqual(sending(['m', 'h'], 240_000, true), ['l']);
  assert.deepEqual(sending(['m', 'h'], 410_000, false), ['m', 'h']);
});

test('a handful of packets says nothing', () => {
  assert.equal(lineBetween(reading({}), reading({ received: 3, lost: 2 })).quality, 'good');
});

test('delay and a narrow line upwards are seen', () => {
  assert.equal(lineBetween(reading({}), reading({ received: 500, delay_ms: 600 })).where, 'delay');
  assert.equal(lineBetween(reading({}), reading({ received: 500, room_up_bps: 100_000 })).where, 'up');
  assert.equal(lineBetween(reading({}), reading({ received: 500, room_up_bps: null })).quality, 'good');
});

const lost = (share: number) => ({ lost: share, asked: share, is_stuck: share > 0 });

test('pictures are held back while packets are lost and 20 clean seconds longer', () => {
  const rule = new HoldBack();
  assert.equal(rule.next(lost(0), 0), null);
  assert.equal(rule.next(lost(0.08), 2500), 300);
  assert.equal(rule.next(lost(0), 5000), 300);
  assert.equal(rule.next(lost(0), 24_000), 300);
  assert.equal(rule.next(lost(0), 25_500), null);
});

test('a short clean moment between losses does not end holding back', () => {
  const rule = new HoldBack();
  rule.next(lost(0.1), 0);
  rule.next(lost(0), 10_000);
  rule.next(lost(0.1), 15_000);
  assert.equal(rule.next(lost(0), 31_000), 300);
});

test('what was lost on the way of others holds pictures back, too, once it makes them stand still', () => {
  const rule = new HoldBack();
  const late = comingBetween(reading({}), reading({ received: 500, packets: 300, asked: 40, stuck: 2 }));
  const mixedUp = comingBetween(reading({}), reading({ received: 500, packets: 300, asked: 40 }));
  assert.equal(rule.next(mixedUp, 0), null);
  assert.equal(rule.next(late, 2500), 300);
  assert.equal(rule.next(mixedUp, 30_000), 300);
  assert.equal(rule.next(lost(0), 32_500), 300);
  assert.equal(rule.next(lost(0), 53_000), null);
});

test('pictures that the machine could not show are no reason to hold back', () => {
  assert.equal(new HoldBack().next(comingBetween(reading({}), reading({ received: 500, packets: 300, stuck: 9 })), 2500), null);
});

test('placeholders are filled, unknown ones stay', () => {
  assert.equal(t('%(name)s is here, %(other)s', { name: 'Ann' }), 'Ann is here, %(other)s');
  assert.equal(tn('%(num)s minute', '%(num)s minutes', 1), '1 minute');
  assert.equal(tn('%(num)s minute', '%(num)s minutes', 4), '4 minutes');
});

test('durations are short', () => {
  assert.deepEqual([0, 7, 200, 3725].map(duration), ['0:00', '0:07', '3:20', '1:02:05']);
});

/** What the rule says while `received` grows by `step` at each look, from `from` to `to` in ms. */
function looks(rule: Recovery, from: number, to: number, step: (at: number) => number, isUp = true): [number, string][] {
  const said: [number, string][] = [];
  let received = 1_000_000 + from;
  for (let at = from; at < to; at += 500) { received += step(at); const advice = rule.look(received, isUp, at); if (advice !== 'fine' && advice !== 'wait') said.push([at, advice]); if (advice === 'restart' || advice === 'silent') { rule.begun(); rule.ended(at); } }
  return said;
}

test('a way that fell silent is left within two seconds, and tried again with growing pauses', () => {
  const rule = new Recovery();
  assert.deepEqual(looks(rule, 0, 5000, () => 50), []);
  const said = looks(rule, 5000, 14_000, () => 0);
  assert.equal(said[0]?.[1], 'silent');
  assert.ok((said[0]?.[0] ?? 0) - 4500 <= 2000, `after ${said[0]?.[0]} ms`);
  assert.deepEqual(said.slice(1).map(([, advice]) => advice), said.slice(1).map(() => 'restart'));
  assert.ok(said.length >= 4 && said.length <= 6, `${said.length} tries`);
});

test('a way that comes back by itself ends the search', () => {
  const rule = new Recovery();
  looks(rule, 0, 5000, () => 50);
  assert.equal(looks(rule, 5000, 8000, () => 0).length > 0, true);
  assert.deepEqual(looks(rule, 8000, 12_000, () => 50), []);
});

test('where only checks are answered every few seconds, silence says nothing yet', () => {
  const rule = new Recovery();
  assert.deepEqual(looks(rule, 0, 30_000, (at) => (at % 5000 === 0 ? 1 : 0)), []);
});

test('one report a second on a lossy line is no silence', () => {
  const rule = new Recovery();
  assert.deepEqual(looks(rule, 0, 30_000, (at) => (at % 1000 === 0 && at % 4000 !== 0 ? 60 : 0)), []);
});

test('what the browser itself calls dead is left at once, and a page that slept asks again first', () => {
  const rule = new Recovery();
  looks(rule, 0, 5000, () => 50);
  assert.deepEqual(looks(rule, 5000, 5500, () => 50, false), [[5000, 'silent']]);
  const other = new Recovery();
  looks(other, 0, 5000, () => 50);
  assert.equal(other.look(0, true, 600_000), 'fine');
});

const senses = (change: Partial<Senses>): Senses => ({ at_ms: 0, frozen_s: 0, sound: 0, made_up: 0, fps: 30, height: 360, ...change });

test('a look says how long pictures stood still and what share of the sound was invented', () => {
  const look = lookBetween(senses({ frozen_s: 1 }), senses({ at_ms: 10_000, frozen_s: 3.5, sound: 480_000, made_up: 48_000 }));
  assert.deepEqual(look, { seconds: 10, frozen_s: 2.5, made_up: 0.1, fps: 30, height: 360 });
});

test('a look says nothing of what the browser does not count', () => {
  const look = lookBetween(senses({ frozen_s: null }), senses({ at_ms: 10_000, frozen_s: null, sound: 900 }));
  assert.equal(look.frozen_s, null);
  assert.equal(look.made_up, null);
  assert.equal(lookBetween(senses({ frozen_s: 5 }), senses({ at_ms: 10_000, frozen_s: 0 })).frozen_s, 0);
});

test('senses are those of all incoming streams, and of the largest picture', () => {
  const stats = new Map(Object.entries({
    a: { type: 'inbound-rtp', kind: 'audio', totalSamplesReceived: 100, concealedSamples: 30, silentConcealedSamples: 10 },
    b: { type: 'inbound-rtp', kind: 'video', totalFreezesDuration: 1, framesPerSecond: 15, frameHeight: 180 },
    c: { type: 'inbound-rtp', kind: 'video', totalFreezesDuration: 2, framesPerSecond: 25, frameHeight: 720 },
    d: { type: 'inbound-rtp', kind: 'video', totalFreezesDuration: 0, frameHeight: 1080 },
    e: { type: 'outbound-rtp', kind: 'video', frameHeight: 2000 },
  }));
  assert.deepEqual(sense(stats as unknown as RTCStatsReport, 7), { at_ms: 7, frozen_s: 3, sound: 100, made_up: 20, fps: 25, height: 720 });
});

test('the scale of a plot ends at a round number that holds everything', () => {
  for (const [value, top] of [[1, 1], [3, 4], [4.2, 5], [7, 10], [27_885, 40_000], [20_000, 20_000], [0.3, 0.4]] as const) assert.ok(Math.abs(niceTop(value) - top) < 1e-9, String(value));
});

test('a curve has a hole where there was nothing', () => {
  assert.deepEqual(runs([null, 1, 2, null, null, 3, null]), [[1, 2], [3]]);
  assert.deepEqual(runs([null]), []);
});

test('each state of a broadcast leads on, and what is over offers nothing', () => {
  assert.deepEqual(actsIn('planned'), ['rehearse', 'go', 'end']);
  assert.equal(actsIn('live')[0], 'pause');
  assert.equal(actsIn('paused')[0], 'resume');
  assert.deepEqual(actsIn('ended'), []);
  assert.deepEqual((['planned', 'rehearsal', 'paused', 'ended'] as const).map(isComposed), [false, true, true, false]);
});

test('whoever is not shown is told apart: not asked, asked, refused', () => {
  assert.equal(seenOf({ shown: true, answer: 'given' }), 'shown');
  assert.equal(seenOf({ shown: false, answer: 'withdrawn' }), 'no');
  assert.equal(seenOf({ shown: false, answer: 'asked' }), 'asked');
  assert.equal(seenOf({ shown: false, answer: null }), 'unasked');
  const people = [{ participant: 'a', name: 'Ann', kind: 'agent', answer: 'given', shown: true }, { participant: 'b', name: 'Bo', kind: 'customer', answer: 'refused', shown: false }] as const;
  assert.deepEqual(divided(people), { seen: ['Ann'], unseen: ['Bo'] });
});

const LIVE = { state: 'live', hasStream: true } as const;
const SEEN = { plays: true, isCutOff: false, hasEnded: false };

test('the audience reads where a broadcast stands', () => {
  assert.equal(standing({ state: 'planned', hasStream: false }, { ...SEEN, plays: false }), 'soon');
  assert.equal(standing({ state: 'countdown', hasStream: true }, { ...SEEN, plays: false }), 'countdown');
  assert.equal(standing({ state: 'countdown', hasStream: true }, SEEN), 'live'); // The countdown is on the picture.
  assert.equal(standing(LIVE, { ...SEEN, plays: false }), 'starting');
  assert.equal(standing(LIVE, SEEN), 'live');
  assert.equal(standing({ state: 'paused', hasStream: true }, SEEN), 'paused');
  assert.equal(standing(LIVE, { ...SEEN, isCutOff: true }), 'lost');
  assert.equal(standing({ state: 'ended', hasStream: true }, SEEN), 'recording');
  assert.equal(standing({ state: 'ended', hasStream: true }, { ...SEEN, hasEnded: true }), 'over');
  assert.equal(standing({ state: 'ended', hasStream: false }, SEEN), 'gone');
  assert.equal(standing({ state: null, hasStream: false }, SEEN), 'gone');
});

test('who is near the edge is live, and jumps end where there is something', () => {
  const place = { at_s: 58, start_s: 0, edge_s: 60 };
  assert.equal(isNear(place), true);
  assert.equal(isNear({ ...place, at_s: 50 }), false);
  assert.equal(jumped(place, 10), 60);
  assert.equal(jumped({ ...place, at_s: 4 }, -10), 0);
});

test('many pages never ask or try again at the same moment, nor too often', () => {
  for (const chance of [0, 0.5, 1]) {
    assert.ok(askAgain_ms('planned', 3_600_000, chance) >= 11_000);
    assert.ok(askAgain_ms('planned', 30_000, chance) <= 4000);
    assert.ok(askAgain_ms('live', null, chance) >= 2000);
    assert.ok(tryAgain_ms(1, chance) <= 300);
    assert.ok(tryAgain_ms(30, chance) <= 10_000 && tryAgain_ms(30, chance) >= 6000);
  }
  assert.notEqual(askAgain_ms('live', null, 0), askAgain_ms('live', null, 1));
});

test('keys of the player', () => {
  assert.deepEqual([' ', 'K', 'ArrowLeft', 'ArrowRight', 'm', 'F', 'l', 'c', 'x'].map(actOf), ['play', 'play', 'back', 'on', 'mute', 'full', 'live', 'captions', '']);
});

test('a new viewer begins at the newest key frame that is far enough from the edge', () => {
  const parts = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({ start: number / 4, independent: number % 4 === 0 }));
  assert.equal(startOf(parts, 1.41), 1);
  assert.equal(startOf(parts, 1), 1);
  assert.equal(startOf(parts, 2.2), 2);
  assert.equal(startOf(parts.slice(1, 4), 1.41), 1.41, 'none is known');
});

test('a player that has fallen behind catches up, and slows down before it runs dry', () => {
  const steering = new Steering();
  const at = (late_s: number, ahead_s: number): number => steering.speed({ late_s, wanted_s: 0.84, ahead_s }, 0);
  assert.equal(at(0.84, 0.6), SPEEDS.even);
  assert.equal(at(0.9, 0.6), SPEEDS.even, 'a little is nothing');
  assert.equal(at(1.1, 0.8), SPEEDS.quick);
  assert.equal(at(0.93, 0.8), SPEEDS.quick, 'it goes on until it is there');
  assert.equal(at(0.87, 0.8), SPEEDS.even);
  assert.equal(at(2, 1.5), SPEEDS.quicker);
  assert.equal(at(2, 0.4), SPEEDS.even, 'what is not there cannot be played faster');
  assert.equal(at(0.84, 0.1), SPEEDS.slow);
});

test('each stall keeps a player further from the edge, and is forgiven with time', () => {
  const steering = new Steering();
  for (let turn = 0; turn < 20; turn += 1) steering.stalled(turn);
  assert.ok(steering.extra_s(19) <= 2, 'never further than that');
  const before = new Steering();
  before.stalled(0);
  assert.equal(before.extra_s(0), 0.3);
  assert.equal(before.speed({ late_s: 1.1, wanted_s: 0.84, ahead_s: 0.9 }, 0), SPEEDS.even);
  assert.ok(before.extra_s(30) < 0.2);
  assert.equal(before.extra_s(600), 0);
});
