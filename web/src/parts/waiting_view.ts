/** The waiting room: the place, large; how long about; and what happens next. */

import { announce, byId, el, setText, show } from '../dom';
import type { CaseView, QueueView } from '../messages';
import { span, t, tn, waitRange } from '../text';

const MOST_DOTS = 8;

export function renderWaiting(view: CaseView): void {
  setText(document.querySelector('#waiting [data-topic]') as HTMLElement, view.topic.name);
  byId('place-since').dataset['since'] = view.opened_at;
  renderSince();
  if (view.queue) renderQueue(view.queue);
}

export function renderQueue(queue: QueueView): void {
  setText(byId('place-figure'), String(queue.place));
  setText(byId('place-head'), headWords(queue));
  setText(byId('place-wait'), waitWords(queue));
  announce(`${headWords(queue)}. ${waitWords(queue)}`);
  const ahead = Math.min(queue.ahead, MOST_DOTS);
  byId('queue').replaceChildren(
    ...(queue.ahead > MOST_DOTS ? [el('li', { class: 'queue-more' }, `+${queue.ahead - MOST_DOTS}`)] : []),
    ...Array.from({ length: ahead }, () => el('li', { class: 'queue-dot' })),
    el('li', { class: 'queue-dot queue-me' }, t('You')));
}

export function renderSince(): void {
  const since = byId('place-since').dataset['since'];
  if (since) setText(byId('place-since'), t('Waiting for %(span)s', { span: span((Date.now() - Date.parse(since)) / 1000) }));
}

/** Whether the line to the server is up: the place is kept meanwhile, and the page says so. */
export function renderLine(up: boolean): void {
  setText(byId('waiting-line'), up ? '' : t('No connection at the moment. Your place is kept; we try again by ourselves.'));
  show(byId('waiting-line'), !up);
}

function headWords({ place, ahead }: QueueView): string {
  if (place === 1) return t('You are next');
  return tn('%(num)s person is before you', '%(num)s people are before you', ahead);
}

function waitWords({ wait_min_s, wait_max_s, agents_here }: QueueView): string {
  if (agents_here === 0) return t('Nobody is here right now. As soon as somebody comes, you move up.');
  const range = waitRange(wait_min_s, wait_max_s);
  return range ? t('Still %(range)s', { range }) : t('It should not take long.');
}
