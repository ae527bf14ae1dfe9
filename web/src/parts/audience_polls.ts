/** Polls: one choice for each, counted before everybody's eyes. */

import type { Audience } from '../audience';
import { el, icon, setText, show } from '../dom';
import type { PollView } from '../messages';
import { t, tn } from '../text';
import { isAgent } from './audience_chat';
import { takingPart } from './audience_name';

export class AudiencePolls {
  readonly place = el('div', { class: 'audience-scroll polls' });
  readonly #drawn = new Map<string, { element: HTMLElement; as: string }>();

  constructor(readonly audience: Audience, readonly counted: (count: number, isThere: boolean) => void) {
    audience.on('polls', () => this.#draw());
    audience.on('me', () => this.#draw());
  }

  #draw(): void {
    const all = [...this.audience.polls.values()].sort((one, two) => two.at.localeCompare(one.at));
    const unanswered = all.filter((poll) => poll.state === 'open' && this.audience.view?.poll_votes[poll.id] === undefined);
    this.counted(isAgent() ? 0 : unanswered.length, all.length > 0);
    all.forEach((poll, at) => {
      const element = this.#poll(poll);
      if (this.place.children[at] !== element) this.place.insertBefore(element, this.place.children[at] ?? null);
    });
  }

  #poll(poll: PollView): HTMLElement {
    const mine = this.audience.view?.poll_votes[poll.id];
    const as = JSON.stringify([poll.state, mine, this.audience.moderates]);
    const known = this.#drawn.get(poll.id);
    if (known?.as === as) { this.#figures(known.element, poll); return known.element; }
    const made = this.#element(poll, mine);
    const focused = known?.element.contains(document.activeElement) ? document.activeElement?.getAttribute('data-act') : null;
    known?.element.replaceWith(made);
    if (focused) made.querySelector<HTMLElement>(`[data-act="${focused}"]`)?.focus();
    this.#drawn.set(poll.id, { element: made, as });
    this.#figures(made, poll);
    return made;
  }

  #element(poll: PollView, mine: number | undefined): HTMLElement {
    const { audience } = this;
    const canVote = poll.state === 'open' && !isAgent();
    const other = poll.state === 'open' ? 'closed' as const : 'open' as const;
    return el('section', { class: 'poll card card-flat', 'aria-labelledby': `poll-${poll.id}` },
      el('h3', { id: `poll-${poll.id}`, dir: 'auto' }, poll.text),
      el('ul', { class: 'choices' }, ...poll.choices.map((choice, at) => this.#choice(poll, choice.text, at, mine === at, canVote))),
      el('p', { class: 'audience-who small' }, el('span', { class: 'figures poll-sum' }), poll.state === 'closed' && el('span', { class: 'badge' }, t('Closed'))),
      audience.moderates ? el('p', { class: 'audience-acts' }, el('button', { class: 'audience-act', type: 'button', 'data-act': 'close', onclick: () => void takingPart(audience, () => audience.closePoll(poll.id, other)) }, poll.state === 'open' ? t('Close the poll') : t('Open it again'))) : null);
  }

  #choice(poll: PollView, text: string, at: number, mine: boolean, canVote: boolean): HTMLElement {
    const inside = [el('span', { class: 'choice-text', dir: 'auto' }, mine && icon('check', 'icon-s'), text), el('span', { class: 'choice-votes figures' }), el('progress', { max: 1, value: 0, 'aria-hidden': 'true' })];
    if (!canVote) return el('li', { class: `choice${mine ? ' is-mine' : ''}` }, ...inside);
    return el('li', {}, el('button', { class: `choice${mine ? ' is-mine' : ''}`, type: 'button', 'data-act': `choice-${at}`, 'aria-pressed': String(mine), onclick: () => void takingPart(this.audience, () => this.audience.choose(poll.id, at)) }, ...inside));
  }

  #figures(element: HTMLElement, poll: PollView): void {
    const sum = poll.choices.reduce((all, choice) => all + choice.votes, 0);
    element.querySelectorAll('.choice').forEach((choice, at) => {
      const votes = poll.choices[at]?.votes ?? 0;
      const share = sum ? votes / sum : 0;
      const figure = choice.querySelector<HTMLElement>('.choice-votes');
      const bar = choice.querySelector('progress');
      if (figure) setText(figure, t('%(votes)s · %(percent)s %', { votes, percent: Math.round(share * 100) }));
      if (bar) bar.value = share;
    });
    const words = element.querySelector<HTMLElement>('.poll-sum');
    if (words) { setText(words, tn('1 vote', '%(num)s votes', sum)); show(words, true); }
  }
}
