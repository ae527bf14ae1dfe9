/** What one can do without words: clap, laugh, raise a hand. */

import type { Audience } from '../audience';
import { announce, el, icon, setText, show } from '../dom';
import type { Reaction } from '../messages';
import { t } from '../text';
import { isAgent } from './audience_chat';
import { takingPart } from './audience_name';

const PICTURES: Record<Reaction, string> = { clap: 'clap', heart: 'heart', laugh: 'smile', wow: 'wow' };
const SEND_MS = 1000;
const SHOWN_MS = 4000;
const AT_ONCE = 10;

export class AudienceActs {
  readonly place: HTMLElement;
  readonly #figures = new Map<Reaction, { figure: HTMLElement; sum: number; until: number }>();
  readonly #pressed = new Map<Reaction, number>();
  readonly #hand = el('button', { class: 'button button-s', type: 'button', 'aria-pressed': 'false', onclick: () => this.#raise() }, icon('hand', 'icon-s'), el('span', {}, t('Raise hand')));
  #sending = 0;
  #place: number | null = null;

  constructor(readonly audience: Audience) {
    const words: Record<Reaction, string> = { clap: t('Applause'), heart: t('Thank you'), laugh: t('Laughter'), wow: t('Amazed') };
    const buttons = (Object.keys(PICTURES) as Reaction[]).map((reaction) => this.#button(reaction, words[reaction]));
    this.place = el('div', { class: 'audience-bar', role: 'group', 'aria-label': t('Reactions') }, ...buttons, this.#hand);
    audience.on('reactions', (sums) => { for (const [reaction, count] of Object.entries(sums) as [Reaction, number][]) this.#showSum(reaction, count); });
    audience.on('me', () => this.#render());
    setInterval(() => this.#fade(), 1000);
  }

  #button(reaction: Reaction, word: string): HTMLElement {
    const figure = el('span', { class: 'reaction-sum figures', 'aria-hidden': 'true', hidden: true });
    this.#figures.set(reaction, { figure, sum: 0, until: 0 });
    return el('button', { class: 'reaction', type: 'button', 'aria-label': word, title: word, onclick: () => this.#react(reaction) }, icon(PICTURES[reaction]), figure);
  }

  /** Several presses go together, once a second. */
  #react(reaction: Reaction): void {
    this.#pressed.set(reaction, Math.min(AT_ONCE, (this.#pressed.get(reaction) ?? 0) + 1));
    if (this.#sending) return;
    this.#sending = window.setTimeout(() => {
      this.#sending = 0;
      for (const [pressed, count] of this.#pressed) this.audience.react(pressed, count);
      this.#pressed.clear();
    }, SEND_MS / 4);
  }

  #showSum(reaction: Reaction, count: number): void {
    const one = this.#figures.get(reaction);
    if (!one) return;
    one.sum += count;
    one.until = Date.now() + SHOWN_MS;
    setText(one.figure, String(one.sum));
    show(one.figure, true);
  }

  #fade(): void {
    for (const one of this.#figures.values()) if (one.sum && Date.now() > one.until) { one.sum = 0; show(one.figure, false); }
  }

  #raise(): void {
    const isUp = this.#hand.getAttribute('aria-pressed') === 'true';
    void takingPart(this.audience, () => this.audience.raiseHand(!isUp));
  }

  #render(): void {
    const view = this.audience.view;
    if (!view) return;
    const isOpen = ['countdown', 'live', 'paused'].includes(view.rules.state);
    show(this.place, isOpen);
    show(this.#hand, !isAgent() && !view.me?.banned && !view.me?.muted);
    const { place, called } = view.hand;
    const words = called ? t('You are called') : place === null ? t('Raise hand') : place === 1 ? t('You are next') : t('Hand raised: place %(place)s', { place });
    this.#hand.setAttribute('aria-pressed', String(called || place !== null));
    setText(this.#hand.querySelector('span') ?? this.#hand, words);
    if (place !== this.#place && place !== null) announce(words);
    this.#place = place;
  }
}
