/** One broadcast in the agents' list. */

import { el, icon } from '../dom';
import type { BroadcastRow } from '../messages';
import { t, when } from '../text';
import { opennessWords, stateWords } from './broadcast_words';
import { isComposed } from './studio_steps';

/** `links` shows the links of it, `edit` what one can change. */
export function broadcastRow(row: BroadcastRow, links: () => void, edit: () => void): HTMLElement {
  const [word, kind] = stateWords(row.state);
  const facts = [row.topic.name, timeWords(row), t('may watch: %(who)s', { who: opennessWords(row.visibility) }), row.by ? t('by %(name)s', { name: row.by }) : ''].filter(Boolean);
  return el('li', { class: 'broadcast-row', 'data-broadcast': row.session },
    el('div', { class: 'broadcast-words' },
      el('p', { class: 'broadcast-title' }, el('strong', {}, row.title), badge(row, word, kind)),
      el('p', { class: 'small soft broadcast-facts' }, ...facts.map((fact) => el('span', {}, fact)))),
    el('div', { class: 'buttons' }, main(row), el('button', { class: 'button button-s', type: 'button', onclick: links, 'aria-label': t('Links of %(title)s', { title: row.title }) }, icon('link', 'icon-s'), t('Links')),
      el('button', { class: 'button button-s', type: 'button', onclick: edit, 'data-act': 'edit', 'aria-label': t('Change %(title)s', { title: row.title }) }, icon('sliders', 'icon-s'), t('Change'))));
}

function badge(row: BroadcastRow, word: string, kind: string): HTMLElement {
  if (row.removed) return el('span', { class: 'badge' }, t('taken from the public'));
  return el('span', { class: `badge ${kind}` }, row.state === 'live' ? el('span', { class: 'dot dot-live' }) : null, word);
}

function main(row: BroadcastRow): HTMLElement | null {
  if (row.state !== 'ended') return el('a', { class: `button button-s${isComposed(row.state) ? ' button-main' : ''}`, href: `/s/${row.session}?as=agent` }, icon('broadcast', 'icon-s'), t('Open the studio'));
  return row.recording ? el('a', { class: 'button button-s', href: `/watch/${row.session}` }, icon('play', 'icon-s'), t('Watch')) : null;
}

function timeWords(row: BroadcastRow): string {
  if (row.state === 'ended') return row.live_at ? t('on %(when)s', { when: when(new Date(row.live_at)) }) : t('called off');
  if (row.live_at) return t('live since %(when)s', { when: when(new Date(row.live_at)) });
  return row.starts_at ? t('begins %(when)s', { when: when(new Date(row.starts_at)) }) : t('without a time');
}
