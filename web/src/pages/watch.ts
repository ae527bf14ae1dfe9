/** The audience's page, and the same player alone for other sites (`/embed`): what is live, what comes, and what is kept. */

import { get, isCode } from '../api';
import { Connection } from '../connection';
import { announce, byId, el, setText, show } from '../dom';
import { LivePlayer } from '../live_player';
import type { BroadcastPublic } from '../messages';
import { fromMoment, toMoment } from '../moment';
import { page } from '../page';
import { openAudience } from '../parts/audience';
import { offerCaptions } from '../parts/captions';
import { PlayerBar } from '../parts/player_bar';
import { jumpsTo } from '../parts/chapters';
import { showInvitations } from '../parts/invitations';
import { copy } from '../parts/share_link';
import { StageTurn } from '../parts/stage_turn';
import { showCard } from '../parts/watch_card';
import { clock, day, t, when } from '../text';
import { askAgain_ms, standing, type Standing } from '../watching';

const id = page.session ?? '';
const video = byId<HTMLVideoElement>('video');
const seen = { plays: false, isCutOff: false, hasEnded: false };
const player = new LivePlayer(video, { hls: page.hls ?? '', stream: `/live/${id}/index.m3u8` });
let facts: BroadcastPublic | null = page.broadcast ?? null;
let ahead_ms = facts ? new Date(facts.now).getTime() - Date.now() : 0;
let now: Standing | '' = '';
let isOpen = false;
let isAway = false;
let wished = new URLSearchParams(location.search).get('t');
let asking = 0;

new PlayerBar(player);
wire();
render();
askLater();
setInterval(render, 1000);
void pictureFirst().then(document.getElementById('audience') ? takePart : listen).catch(() => {}); // Watching goes on without it.

/** Until a live picture moves: chat and questions come after it, and not much later where there is none. */
function pictureFirst(): Promise<void> {
  if (!facts?.stream || facts.state === 'ended') return Promise.resolve();
  return new Promise((resolve) => {
    video.addEventListener('playing', () => resolve(), { once: true });
    setTimeout(resolve, 2500);
  });
}

async function takePart(): Promise<void> {
  const audience = await openAudience({ session: id, goTo });
  audience.on('me', () => hear(audience.view?.rules.state ?? null));
  const read = showInvitations(byId('invitations'), audience, new StageTurn(byId('turned'), { away, back: () => { back(); void read(); }, changed: () => void read() }));
}

/** In somebody else's page nobody takes part; this one only hears, as soon as the others, how it stands. */
function listen(): void {
  if (!facts || facts.state === 'ended') return;
  const line = new Connection(page.as, true);
  let hasHeard = false;
  line.on('stage', ({ session, rules }) => { if (session === id) hear(rules?.state ?? null); });
  line.on('audience', () => { if (hasHeard) asksSoon(); hasHeard = true; }); // What was said meanwhile was missed.
  line.hearAudience(id);
  line.open();
}

/** The socket says how it stands before anybody asks. The rest is asked for later, so that a crowd does not ask all at once. */
function hear(state: BroadcastPublic['state'] | null): void {
  if (!facts || !state || state === facts.state) return;
  if (state === 'live' || state === 'paused') { facts = { ...facts, state }; render(); }
  asksSoon();
}

/** A little later, since what a cache keeps of it is a second old, and not all at once. */
function asksSoon(): void {
  clearTimeout(asking);
  asking = setTimeout(() => void ask(), 1000 + 1500 * Math.random());
}

/** The reader goes on stage: here is nothing to be seen or heard until they are back. */
function away(): void {
  isAway = true;
  isOpen = false;
  seen.plays = seen.isCutOff = false;
  player.close();
  show(byId('player'), false);
}

/** Watching again, what is live now. */
function back(): void {
  isAway = false;
  wished = null;
  show(byId('player'), true);
  render();
  void ask();
}

function wire(): void {
  video.addEventListener('playing', () => { seen.plays = true; seen.hasEnded = false; render(); });
  video.addEventListener('seeking', () => { seen.hasEnded = false; render(); });
  video.addEventListener('ended', () => { seen.hasEnded = true; void ask(); });
  player.on('line', ({ isCutOff }) => { seen.isCutOff = isCutOff; render(); if (isCutOff) void ask(); });
  player.on('unable', () => { announce(t('This browser cannot play the stream.')); show(byId('unable'), true); });
  byId('hear-stream').addEventListener('click', () => { video.muted = false; show(byId('hear-stream'), false); });
  video.addEventListener('volumechange', () => { if (!video.muted) show(byId('hear-stream'), false); });
  byId('big-play').addEventListener('click', () => void begin());
  document.getElementById('copy')?.addEventListener('click', () => void copy(`${location.origin}/watch/${id}${player.isLive ? '' : `?t=${toMoment(video.currentTime)}`}`));
  jumpsTo((at_s) => { seen.hasEnded = false; video.currentTime = at_s; player.moved(); void begin(); byId('player').scrollIntoView({ block: 'nearest' }); });
  addEventListener('online', () => void ask());
  document.addEventListener('visibilitychange', () => { if (!document.hidden) void ask(); });
}

/** Asks how it stands: at once after news, else now and then. While pictures come, the stream itself says enough. */
async function ask(): Promise<void> {
  clearTimeout(asking);
  try {
    facts = await get<BroadcastPublic>(`/api/v1/broadcasts/${id}/public`);
    ahead_ms = new Date(facts.now).getTime() - Date.now();
  } catch (error) {
    if (isCode(error, 'not_found', 'removed')) facts = null;
  }
  render();
  askLater();
}

function askLater(): void {
  clearTimeout(asking);
  if (!facts || facts.state === 'ended') return;
  const until_ms = facts.starts_at ? new Date(facts.starts_at).getTime() - Date.now() - ahead_ms : null;
  const wait_ms = seen.plays && !seen.isCutOff ? 20_000 * (0.75 + Math.random() / 2) : askAgain_ms(facts.state, until_ms, Math.random());
  asking = setTimeout(() => void ask(), wait_ms);
}

function render(): void {
  const before = now;
  now = standing({ state: facts?.state ?? null, hasStream: Boolean(facts?.stream) }, seen);
  if (facts?.stream && now !== 'gone' && !isAway) open();
  else if (isOpen) { isOpen = false; player.close(); }
  byId('player').dataset['standing'] = now;
  if (facts?.poster && video.getAttribute('poster') !== facts.poster.path) video.poster = facts.poster.path;
  else if (!facts?.poster) video.removeAttribute('poster');
  offerCaptions(video, facts?.captions ?? []);
  show(byId('bar'), isOpen && (seen.plays || now === 'recording' || now === 'over'));
  show(byId('big-play'), now === 'recording' && !seen.plays);
  showCard(now, { title: facts?.title ?? '', starts_at: date(facts?.starts_at), counts_to: date(facts?.counts_to), ended_at: date(facts?.ended_at), now: new Date(Date.now() + ahead_ms) }, { fromStart, again: () => void retry() });
  if (now !== before) badge(now);
  about();
}

function date(text: string | null | undefined): Date | null {
  return text ? new Date(text) : null;
}

/** Live is played at once, with sound where the browser allows it; a recording waits for a press, unless the link names a moment. */
function open(): void {
  if (isOpen) return;
  isOpen = true;
  const from_s = wished ? fromMoment(wished) : facts?.state === 'ended' ? 0 : null;
  void player.open(from_s).then(() => { if (facts?.state !== 'ended' || wished) void begin(); }); // Before it has a source, playing would be called off.
}

async function begin(): Promise<void> {
  try {
    await video.play();
  } catch (error) {
    if ((error as Error).name !== 'NotAllowedError') return;
    video.muted = true;
    show(byId('hear-stream'), true);
    await video.play().catch(() => {});
  }
}

/** The moment at which a question was answered. */
function goTo(seconds: number): void {
  video.currentTime = (player.place()?.start_s ?? 0) + seconds;
  void video.play().catch(() => {});
  video.scrollIntoView({ block: 'nearest' });
}

function fromStart(): void {
  const place = player.place();
  video.currentTime = place?.start_s ?? 0;
  void video.play().catch(() => {});
  byId('play').focus();
}

async function retry(): Promise<void> {
  await ask();
  await player.open(null);
  void begin();
}

function badge(where: Standing): void {
  const words = { soon: t('Soon'), countdown: t('Soon'), starting: t('Live'), live: t('Live'), paused: t('Short pause'), lost: t('Live'), over: t('Ended'), recording: t('Recording'), gone: '' }[where];
  const isLive = where === 'live' || where === 'starting' || where === 'lost';
  byId('badge').classList.toggle('sign-live', isLive);
  show(byId('badge'), words !== '');
  show(byId('badge-dot'), isLive);
  setText(byId('badge-word'), words);
}

/** Below the picture, in the reader's own time. */
function about(): void {
  const line = document.getElementById('when');
  if (!line || !facts) return;
  const [live, ended, starts] = [date(facts.live_at), date(facts.ended_at), date(facts.starts_at)];
  const words = ended && live ? t('Broadcast on %(day)s, %(clock)s', { day: day(live), clock: clock(live) })
    : live ? t('Live since %(when)s', { when: when(live) })
    : starts ? t('Starts on %(day)s at %(clock)s', { day: day(starts), clock: clock(starts) }) : '';
  if (line.textContent !== words) line.replaceChildren(el('span', {}, words));
}
