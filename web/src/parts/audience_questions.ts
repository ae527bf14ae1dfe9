/** Questions with votes: the one on the picture first, then what most people want to know, then what was answered. */

import type { Audience } from '../audience';
import { el, icon, setText, show, toast } from '../dom';
import type { QuestionState, QuestionView } from '../messages';
import { duration, t, tn } from '../text';
import { nothingYet } from './audience';
import { isAgent } from './audience_chat';
import { takingPart } from './audience_name';
import { markOnCase } from './case_mark';

const GROUP: Record<QuestionState, number> = { pinned: 0, asked: 1, approved: 2, answered: 3, rejected: 4 };

/** The order in which questions stand; pure. */
export function inOrder(questions: Iterable<QuestionView>): QuestionView[] {
  return [...questions].sort((one, two) => GROUP[one.state] - GROUP[two.state]
    || (one.state === 'answered' ? 0 : two.votes - one.votes) || one.at.localeCompare(two.at));
}

export class AudienceQuestions {
  readonly place: HTMLElement;
  readonly #list = el('ol', { class: 'questions', 'aria-label': t('Questions') });
  readonly #empty = nothingYet('question', t('No questions yet.'), t('Ask the first one: others can vote for it.'));
  readonly #none = el('p', { class: 'soft', hidden: true }, t('No questions were asked.'));
  readonly #text = el('textarea', { class: 'input', id: 'question-text', rows: 1, maxlength: 300, placeholder: t('Ask a question'), enterkeyhint: 'send' });
  readonly #note = el('p', { class: 'small soft audience-note', role: 'status' });
  readonly #form: HTMLFormElement;
  readonly #items = new Map<string, { element: HTMLElement; drawn: string }>();
  #isDrawing = false;

  constructor(readonly audience: Audience, readonly goTo?: (seconds: number) => void) {
    this.#form = el('form', { class: 'chat-form' }, el('label', { class: 'unseen', for: 'question-text' }, t('Your question')), this.#text,
      el('button', { class: 'button button-main chat-send', type: 'submit' }, icon('send', 'icon-s'), el('span', { class: 'unseen' }, t('Ask'))));
    this.place = el('div', { class: 'audience-questions' }, el('div', { class: 'audience-scroll', tabindex: 0, role: 'region', 'aria-label': t('Questions') }, this.#empty, this.#none, this.#list), this.#note, this.#form);
    audience.on('questions', () => this.#drawSoon());
    audience.on('me', () => { this.#rules(); this.#drawSoon(); });
    this.#form.addEventListener('submit', (event) => { event.preventDefault(); void this.#ask(); });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  #rules(): void {
    const view = this.audience.view;
    const isOpen = Boolean(view && view.rules.state !== 'ended');
    show(this.#form, isOpen && !isAgent() && !view?.me?.banned && !view?.me?.muted);
    const waiting = view?.waiting.length ?? 0;
    setText(this.#note, waiting ? tn('One contribution of yours waits for a moderator.', '%(num)s contributions of yours wait for a moderator.', waiting) : '');
  }

  async #ask(): Promise<void> {
    const text = this.#text.value.trim();
    if (!text) return;
    const asked = await takingPart(this.audience, async () => {
      const question = await this.audience.ask(text);
      toast(question.state === 'asked' ? t('Thank you. A moderator looks at your question first.') : t('Thank you. Your question is in the list.'));
    });
    if (asked) this.#text.value = '';
    this.#text.focus();
  }

  /** Votes come several times a second: drawn once per picture of the screen at most. */
  #drawSoon(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => { this.#isDrawing = false; this.#draw(); });
  }

  #draw(): void {
    const shown = inOrder(this.audience.questions.values()).filter((one) => one.text && (one.state !== 'rejected' || this.audience.moderates));
    const isOver = this.audience.view?.rules.state === 'ended';
    show(this.#empty, shown.length === 0 && !isOver);
    show(this.#none, shown.length === 0 && isOver);
    const focused = document.activeElement;
    shown.forEach((question, at) => {
      const element = this.#item(question);
      if (this.#list.children[at] !== element) this.#list.insertBefore(element, this.#list.children[at] ?? null);
    });
    while (this.#list.children.length > shown.length) this.#list.lastElementChild?.remove();
    if (focused instanceof HTMLElement && this.#list.contains(focused) && document.activeElement !== focused) focused.focus();
  }

  #item(question: QuestionView): HTMLElement {
    const mine = this.audience.view?.votes.includes(question.id) ?? false;
    const drawn = JSON.stringify([question, mine, this.audience.moderates, this.audience.view?.rules.state]);
    const known = this.#items.get(question.id);
    if (known?.drawn === drawn) return known.element;
    const made = this.#element(question, mine);
    if (known) {
      const hadFocus = known.element.contains(document.activeElement) ? document.activeElement?.getAttribute('data-act') : null;
      known.element.replaceWith(made);
      if (hadFocus) made.querySelector<HTMLElement>(`[data-act="${hadFocus}"]`)?.focus();
    }
    this.#items.set(question.id, { element: made, drawn });
    return made;
  }

  #element(question: QuestionView, mine: boolean): HTMLElement {
    const { state } = question;
    return el('li', { class: `question question-${state}`, 'data-question': question.id },
      this.#voteButton(question, mine),
      el('div', { class: 'question-body' },
        el('p', { class: 'question-text', dir: 'auto' }, question.text),
        el('p', { class: 'audience-who small' }, el('span', { dir: 'auto' }, question.member === this.audience.view?.me?.id ? t('You') : question.name), this.#sign(question)),
        this.audience.moderates ? this.#acts(question) : null));
  }

  #voteButton(question: QuestionView, mine: boolean): HTMLElement {
    const canVote = (question.state === 'approved' || question.state === 'pinned') && this.audience.view?.rules.state !== 'ended' && !isAgent();
    const words = tn('1 vote', '%(num)s votes', question.votes);
    const inside = [icon(canVote ? 'up' : 'check', 'icon-s'), el('span', { class: 'figures' }, String(question.votes))];
    if (!canVote) return el('span', { class: 'question-votes', role: 'img', 'aria-label': words }, ...(question.state === 'answered' ? inside : inside.slice(1)));
    return el('button', { class: 'question-vote', type: 'button', 'data-act': 'vote', 'aria-pressed': String(mine), 'aria-label': t('I want to know that, too. %(votes)s', { votes: words }), onclick: () => void takingPart(this.audience, () => this.audience.vote(question.id, !mine)) }, ...inside);
  }

  #sign(question: QuestionView): HTMLElement | null {
    const { state, answer_s } = question;
    if (state === 'pinned') return el('span', { class: 'badge badge-brand' }, t('Is being answered'));
    if (state === 'asked') return el('span', { class: 'badge badge-warn' }, t('Waits for approval'));
    if (state === 'rejected') return el('span', { class: 'badge' }, t('Rejected'));
    if (state !== 'answered') return null;
    const { goTo } = this;
    if (answer_s === null || !goTo) return el('span', { class: 'badge badge-good' }, t('Answered'));
    return el('button', { class: 'audience-act', type: 'button', 'data-act': 'go', onclick: () => goTo(answer_s) }, t('Answered at %(time)s', { time: duration(answer_s) }));
  }

  #acts(question: QuestionView): HTMLElement {
    const act = (to: QuestionState, word: string): HTMLElement =>
      el('button', { class: 'audience-act', type: 'button', 'data-act': to, onclick: () => void takingPart(this.audience, () => this.audience.moderateQuestion(question.id, to)) }, word);
    const by: Record<QuestionState, HTMLElement[]> = {
      asked: [act('approved', t('Approve')), act('pinned', t('Show on the picture')), act('rejected', t('Reject'))],
      approved: [act('pinned', t('Show on the picture')), act('answered', t('Answered')), act('rejected', t('Reject'))],
      pinned: [act('answered', t('Answered')), act('approved', t('Take off the picture'))],
      answered: [act('approved', t('Not answered'))],
      rejected: [act('approved', t('Approve after all'))],
    };
    return el('p', { class: 'audience-acts', role: 'group', 'aria-label': t('Moderate: %(name)s', { name: question.name }) }, ...by[question.state], ...(isAgent() ? [this.#help(question), this.#mark(question)] : []));
  }

  /** The answer belongs into the timeline of a case, too. */
  #mark(question: QuestionView): HTMLElement | null {
    if (question.state !== 'answered' || question.answer_s === null) return null;
    return el('button', { class: 'audience-act', type: 'button', 'data-act': 'mark', onclick: () => markOnCase(this.audience.session, question) }, t('Mark on a case'));
  }

  /** A case of their own for who asked; the audience sees nothing of it. */
  #help(question: QuestionView): HTMLElement {
    const ask = async (): Promise<void> => {
      const { number } = await this.audience.helpAsker(question.id);
      toast(t('%(name)s has case %(number)s now, and waits in the queue.', { name: question.name, number }));
    };
    return el('button', { class: 'audience-act', type: 'button', 'data-act': 'help', onclick: () => void takingPart(this.audience, ask) }, t('Help in private'));
  }
}
