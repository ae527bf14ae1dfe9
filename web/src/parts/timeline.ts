/** Entries of a case as sentences: what happened when. */

import { el, icon } from '../dom';
import type { Entry, EntryKind, Outcome } from '../messages';
import { toMoment } from '../moment';
import { day, duration, clock, span, t } from '../text';
import { gradeNumbers, graded, gradeReason, gradeWords, customerReads } from './line_words';

const ICONS: Readonly<Record<EntryKind, string>> = {
  opened: 'inbox', waited: 'clock', taken: 'person', released: 'arrow-right', joined: 'camera', left: 'hang-up', invited: 'invite', chat: 'chat', note: 'note',
  consent_asked: 'info', consent_given: 'check', consent_refused: 'close', consent_withdrawn: 'close', recording_started: 'record', recording_stopped: 'stop',
  recording_interrupted: 'alert', recording_failed: 'alert', recording_ready: 'play', recording_shared: 'share', ended: 'hang-up', closed: 'check-circle', reopened: 'refresh', quality: 'wifi',
  broadcast_planned: 'clock', broadcast_rehearsed: 'camera', broadcast_live: 'play', broadcast_paused: 'clock', broadcast_resumed: 'play', broadcast_ended: 'stop',
  public_asked: 'info', public_given: 'check', public_refused: 'close', public_withdrawn: 'close', public_answer: 'share', public_question: 'chat', stage_called: 'camera', stage_left: 'hang-up',
};

export type Filter = 'all' | 'said' | 'notes' | 'events';

export function fits(entry: Entry, filter: Filter): boolean {
  if (filter === 'all') return true;
  if (filter === 'said') return entry.kind === 'chat';
  if (filter === 'notes') return entry.kind === 'note';
  return entry.kind !== 'chat' && entry.kind !== 'note';
}

export function outcomeWords(outcome: string | null): string {
  const words: Readonly<Record<Outcome, string>> = {
    solved: t('Solved'), follow_up: t('To be continued'), not_solved: t('Not solved'), nobody_there: t('Nobody was there'),
  };
  return words[outcome as Outcome] ?? '';
}

export function entryWords(entry: Entry): string {
  const { data, actor: { name } } = entry;
  const words: Readonly<Record<EntryKind, () => string>> = {
    opened: () => t('%(name)s opened the case', { name }),
    waited: () => (data['seconds'] === undefined ? t('Waited in the queue') : t('Waited in the queue: %(span)s', { span: span(Number(data['seconds'])) })),
    taken: () => t('%(name)s took the case', { name }),
    released: () => t('%(name)s put the case back', { name }),
    joined: () => t('%(name)s came in', { name }),
    left: () => t('%(name)s left', { name }),
    invited: () => (name ? t('%(name)s invited %(guest)s', { name, guest: entry.text }) : t('Invited: %(guest)s', { guest: entry.text })),
    chat: () => name,
    note: () => t('Note by %(name)s', { name }),
    consent_asked: () => t('%(name)s was asked for permission to record', { name: String(data['name'] ?? name) }),
    consent_given: () => t('%(name)s agreed to the recording', { name }),
    consent_refused: () => t('%(name)s does not want to be recorded', { name }),
    consent_withdrawn: () => t('%(name)s took back the consent', { name }),
    recording_started: () => t('Recording started'),
    recording_stopped: () => t('Recording stopped'),
    recording_interrupted: () => t('Recording was interrupted; what was recorded until then is kept'),
    recording_failed: () => t('Recording failed'),
    recording_ready: () => t('Recording is ready to watch'),
    recording_shared: () => (data['shared'] === false ? t('Recording is no longer shared') : t('Recording was shared')),
    ended: () => (data['outcome'] ? t('Conversation ended: %(outcome)s', { outcome: outcomeWords(String(data['outcome'])) }) : t('Conversation ended')),
    closed: () => (data['withdrawn'] ? t('%(name)s left the queue', { name }) : data['outcome'] ? t('Case closed: %(outcome)s', { outcome: outcomeWords(String(data['outcome'])) }) : t('Case closed')),
    reopened: () => t('Case opened again'),
    quality: () => gradeWords(entry),
    ...broadcastWords(entry),
  };
  return words[entry.kind]?.() ?? entry.kind;
}

type BroadcastKind = Extract<EntryKind, `broadcast_${string}` | `public_${string}` | `stage_${string}`>;

/** What happened before an audience. */
function broadcastWords({ data, actor: { name } }: Entry): Readonly<Record<BroadcastKind, () => string>> {
  const asked = String(data['name'] ?? name);
  return {
    broadcast_planned: () => t('%(name)s planned a broadcast', { name }),
    broadcast_rehearsed: () => t('Rehearsal started, without an audience'),
    broadcast_live: () => t('The broadcast went live'),
    broadcast_paused: () => t('The broadcast paused'),
    broadcast_resumed: () => t('The broadcast went on'),
    broadcast_ended: () => t('The broadcast ended'),
    public_asked: () => t('%(name)s was asked to be seen by the audience', { name: asked }),
    public_given: () => t('%(name)s agreed to be seen by the audience', { name: asked }),
    public_refused: () => t('%(name)s does not want to be seen by the audience', { name: asked }),
    public_withdrawn: () => t('%(name)s no longer wants to be seen by the audience', { name: asked }),
    public_answer: () => t('Answered before the audience'),
    public_question: () => t('Came up before the audience'),
    stage_called: () => t('%(name)s was asked to come on stage', { name: asked }),
    stage_left: () => t('%(name)s left the stage', { name: asked }),
  };
}

/** A `<li>` for one entry. */
export function entryLine(entry: Entry): HTMLLIElement {
  const at = new Date(entry.at);
  const recording = entry.data['recording'];
  const length = entry.data['duration_s'];
  const play = entry.kind === 'recording_ready' && recording
    ? el('a', { class: 'line-link', href: `/r/${String(recording)}` }, t('Watch'), length ? ` (${duration(Number(length))})` : '') : null;
  return el('li', { class: `line line-${entry.kind}`, 'data-seq': entry.seq },
    el('span', { class: 'line-icon' }, icon(ICONS[entry.kind] ?? 'info')),
    el('div', { class: 'line-body' },
      el('p', { class: 'line-head' }, el('span', {}, entryWords(entry)), el('time', { class: 'line-time figures', datetime: entry.at, title: `${day(at)}, ${clock(at)}` }, clock(at))),
      entry.text && entry.kind !== 'invited' ? el('p', { class: 'line-text' }, entry.text) : null, play, moment(entry), ...qualityParts(entry)));
}

/** Where in the broadcast it was said. */
function moment({ data }: Entry): HTMLElement | null {
  const { broadcast, at_s: at } = data;
  if (!broadcast || typeof at !== 'number') return null;
  return el('a', { class: 'line-link', href: `/watch/${String(broadcast)}?t=${toMoment(at)}` }, t('Watch from %(time)s', { time: duration(at) }));
}

/** Whose line it was, and the numbers behind it. */
function qualityParts(entry: Entry): HTMLElement[] {
  const people = graded(entry);
  if (!people.length) return [];
  const reasons = [...people.map(gradeReason), customerReads(entry)].filter(Boolean).map((reason) => el('p', { class: 'line-text' }, reason));
  const heads = ['', t('usually'), t('at worst')];
  const tables = people.map((person) => el('table', { class: 'numbers figures' },
    el('caption', {}, String(person['name'] ?? '')), el('thead', {}, el('tr', {}, ...heads.map((word) => el('th', { scope: 'col' }, word)))),
    el('tbody', {}, ...gradeNumbers(person).map(([name, usual, worst]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, usual), el('td', {}, worst))))));
  return [...reasons, el('details', { class: 'more' }, el('summary', {}, t('Numbers')), ...tables)];
}

/** Fills a list with entries, a heading for each day. */
export function fillTimeline(list: HTMLElement, entries: readonly Entry[], filter: Filter = 'all'): void {
  const lines: HTMLElement[] = [];
  let lastDay = '';
  const forAgents = new Set(entries.filter((one) => one.kind === 'quality' && one.visibility === 'agents').map(({ session }) => session));
  const isSaid = (one: Entry): boolean => one.kind === 'quality' && one.visibility === 'everyone' && forAgents.has(one.session); // In the line for agents.
  for (const entry of entries.filter((one) => fits(one, filter) && !isSaid(one))) {
    const thisDay = day(new Date(entry.at));
    if (thisDay !== lastDay) lines.push(el('li', { class: 'line-day small soft' }, thisDay));
    lastDay = thisDay;
    lines.push(entryLine(entry));
  }
  list.replaceChildren(...(lines.length ? lines : [el('li', { class: 'soft small' }, t('Nothing here yet.'))]));
}
