/** The card over the picture: what is the matter when there is nothing to see, honestly. The template has drawn the first one. */

import { announce, byId, el, icon, setText, show } from '../dom';
import { clock, day, duration, span, t } from '../text';
import type { Standing } from '../watching';

export interface CardFacts {
  title: string;
  starts_at: Date | null;
  counts_to: Date | null;
  ended_at: Date | null;
  now: Date;
}

interface Card { picture: string; head: string; text: string; figure?: string; acts?: readonly Act[] }
interface Act { words: string; picture: string; main?: boolean; does: () => void }

export interface Acts { fromStart: () => void; again: () => void }

const OVER_THE_PICTURE: readonly Standing[] = ['lost', 'over'];
let shown = '';

/** Draws the card for that standing; none while the picture speaks for itself. */
export function showCard(where: Standing, facts: CardFacts, acts: Acts): void {
  const card = cardOf(where, facts, acts);
  show(byId('card'), card !== null);
  byId('card').classList.toggle('card-over', OVER_THE_PICTURE.includes(where));
  if (!card) { shown = where; return; }
  const figure = document.getElementById('card-figure');
  if (shown === where && figure && card.figure) { setText(figure, card.figure); return; }
  if (shown === where && !card.figure) return;
  const isNews = shown !== '' && shown !== where;
  shown = where;
  draw(card);
  if (isNews) announce(`${card.head}. ${card.text}`);
}

function draw(card: Card): void {
  byId('card').replaceChildren(
    icon(card.picture),
    el('p', { class: 'card-head' }, card.head),
    card.figure ? el('p', { class: 'card-figure figures', id: 'card-figure', role: 'timer', 'aria-live': 'off' }, card.figure) : '',
    card.text ? el('p', { class: 'card-text' }, card.text) : '',
    card.acts?.length ? el('div', { class: 'buttons' }, ...card.acts.map(button)) : '');
}

const button = (act: Act): HTMLElement =>
  el('button', { class: act.main ? 'button button-main' : 'button', type: 'button', onclick: act.does }, icon(act.picture, 'icon-s'), act.words);

function cardOf(where: Standing, facts: CardFacts, acts: Acts): Card | null {
  const again: Act = { words: t('Try again now'), picture: 'refresh', does: acts.again };
  switch (where) {
    case 'soon': return soon(facts);
    case 'countdown': return { picture: 'clock', head: t('It begins in a moment'), text: t('The picture comes by itself.'), figure: facts.counts_to ? left(facts.counts_to, facts.now) : '' };
    case 'starting': return { picture: 'refresh', head: t('The picture is coming'), text: '' };
    case 'paused': return { picture: 'clock', head: t('A short pause'), text: t('It goes on in a moment. You need not do anything.') };
    case 'lost': return { picture: 'wifi-off', head: t('No connection at the moment'), text: navigator.onLine ? t('The picture comes back by itself.') : t('Your device is offline. The picture comes back by itself.'), acts: [again] };
    case 'over': return { picture: 'check-circle', head: t('The broadcast has ended'), text: t('You can watch all of it again, from any moment.'), acts: [{ words: t('Watch from the beginning'), picture: 'play', main: true, does: acts.fromStart }] };
    case 'gone': return { picture: 'info', head: t('Nothing to see here any more'), text: t('This broadcast was taken away, or its address is not quite right.') };
    case 'live': case 'recording': return null;
  }
}

/** Planned: the day, the hour, and from an hour before the minutes. */
function soon(facts: CardFacts): Card {
  const at = facts.starts_at;
  if (!at) return { picture: 'clock', head: t('Not live yet'), text: t('The picture comes by itself as soon as it begins.') };
  const wait_ms = at.getTime() - facts.now.getTime();
  if (wait_ms <= 0) return { picture: 'clock', head: t('It begins in a moment'), text: t('It was to begin at %(clock)s. The picture comes by itself.', { clock: clock(at) }) };
  const isToday = at.toDateString() === facts.now.toDateString();
  const head = isToday ? t('Starts at %(clock)s', { clock: clock(at) }) : t('Starts on %(day)s at %(clock)s', { day: day(at), clock: clock(at) });
  const text = t('You can leave this page open: the picture comes by itself.');
  return wait_ms < 3_600_000 ? { picture: 'clock', head, text, figure: left(at, facts.now) } : { picture: 'clock', head, text: `${t('In %(span)s.', { span: span(wait_ms / 1000) })} ${text}` };
}

const left = (to: Date, now: Date): string => duration(Math.max(0, Math.ceil((to.getTime() - now.getTime()) / 1000)));
