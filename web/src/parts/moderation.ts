/** What moderators need beside the picture: what waits for them, raised hands, what holds for everybody, polls, and who takes part. */

import type { Audience } from '../audience';
import { sentence } from '../api';
import { el, toast, whileBusy } from '../dom';
import type { ChatLine, HandView, MemberView, QuestionView } from '../messages';
import { page } from '../page';
import { t, when } from '../text';
import { helpInPrivate, isAgent } from './audience_chat';

const SLOW = [0, 5, 15, 30, 60, 300];
const READ_AGAIN_MS = 15_000;

export class Moderation {
  readonly place: HTMLElement;
  readonly #waiting = el('ul', { class: 'moderated' });
  readonly #hands = el('ol', { class: 'moderated' });
  readonly #members = el('ul', { class: 'moderated' });
  readonly #slow = el('select', { class: 'input input-s', id: 'moderation-slow' });
  readonly #holds = el('input', { type: 'checkbox', id: 'moderation-holds' });
  readonly #words = el('textarea', { class: 'input', id: 'moderation-words', rows: 4 });
  #isTyping = false;

  /** `counted` hears how many things wait for a moderator. */
  constructor(readonly audience: Audience, readonly counted: (count: number) => void = () => {}) {
    const part = (word: string, ...inside: HTMLElement[]): HTMLElement => el('section', { class: 'moderation-part' }, el('h3', {}, word), ...inside);
    this.place = el('div', { class: 'audience-scroll moderation-inside', tabindex: 0, role: 'region', 'aria-label': t('Moderation') },
      part(t('Waits for approval'), this.#waiting), part(t('Raised hands'), this.#hands), part(t('Rules of the chat'), this.#rulesForm()),
      part(t('New poll'), this.#pollForm()), part(t('Who takes part'), this.#members));
    audience.on('lines', () => this.#drawWaiting());
    audience.on('questions', () => this.#drawWaiting());
    audience.on('hands', () => this.#drawHands());
    audience.on('me', () => this.#drawRules());
    this.#drawWaiting();
    this.#drawHands();
    this.#drawRules();
    this.#readMembers();
  }

  #button(word: string, work: () => Promise<unknown>, more = ''): HTMLElement {
    const made = el('button', { class: `button button-s ${more}`.trim(), type: 'button' }, word);
    made.addEventListener('click', () => void whileBusy(made, () => this.#tried(work)));
    return made;
  }

  async #tried(work: () => Promise<unknown>): Promise<boolean> {
    try { await work(); return true; } catch (error) { toast(sentence(error), 6000); return false; }
  }

  #drawWaiting(): void {
    const lines = [...this.audience.lines.values()].filter((line) => line.state === 'held');
    const questions = [...this.audience.questions.values()].filter((question) => question.state === 'asked');
    this.counted(lines.length + questions.length);
    const items = [...lines.map((line) => this.#heldLine(line)), ...questions.map((question) => this.#heldQuestion(question))];
    this.#waiting.replaceChildren(...(items.length ? items : [this.#none(t('Nothing waits.'))]));
  }

  #none(words: string): HTMLElement {
    return el('li', { class: 'soft small' }, words);
  }

  #entry(name: string, text: string, ...acts: HTMLElement[]): HTMLElement {
    return el('li', { class: 'moderated-item' }, el('p', {}, el('strong', { dir: 'auto' }, name), ' ', el('span', { dir: 'auto' }, text)), el('div', { class: 'buttons' }, ...acts));
  }

  #heldLine(line: ChatLine): HTMLElement {
    return this.#entry(line.name, line.text,
      this.#button(t('Approve'), () => this.audience.moderateLine(line.id, 'shown'), 'button-main'),
      this.#button(t('Remove'), () => this.audience.moderateLine(line.id, 'removed')));
  }

  #heldQuestion(question: QuestionView): HTMLElement {
    return this.#entry(question.name, question.text,
      this.#button(t('Approve'), () => this.audience.moderateQuestion(question.id, 'approved'), 'button-main'),
      this.#button(t('Reject'), () => this.audience.moderateQuestion(question.id, 'rejected')));
  }

  #drawHands(): void {
    const hands = this.audience.hands.map((hand) => this.#hand(hand));
    this.#hands.replaceChildren(...(hands.length ? hands : [this.#none(t('Nobody raises a hand.'))]));
  }

  #hand(hand: HandView): HTMLElement {
    const isCalled = hand.called_at !== null;
    return this.#entry(hand.name, isCalled ? t('is called') : t('since %(when)s', { when: when(new Date(hand.raised_at)) }),
      this.#button(...this.#stageAct(hand), isCalled ? '' : 'button-main'),
      this.#button(t('Lower'), () => this.audience.lowerHand(hand.member)),
      ...this.#help(hand.member, hand.name));
  }

  /** What agents can do for a member beside the stage. */
  #help(member: string, name: string): HTMLElement[] {
    return isAgent() ? [this.#button(t('Help in private'), () => helpInPrivate(this.audience, member, name))] : [];
  }

  /** Agents bring on stage; members who moderate only say whose turn it is. */
  #stageAct({ member, called_at }: HandView): [string, () => Promise<void>] {
    const isCalled = called_at !== null;
    if (page.me?.kind !== 'agent') return [isCalled ? t('Do not call') : t('Call'), () => this.audience.callHand(member, !isCalled)];
    return [isCalled ? t('Take off the stage') : t('Call on stage'), () => this.audience.callToStage(member, !isCalled)];
  }

  #rulesForm(): HTMLElement {
    for (const seconds of SLOW) this.#slow.append(el('option', { value: seconds }, seconds ? t('one message every %(seconds)s seconds', { seconds }) : t('off')));
    this.#slow.addEventListener('change', () => void this.#tried(() => this.audience.setRules({ slow_mode_s: Number(this.#slow.value) })));
    this.#holds.addEventListener('change', () => void this.#tried(() => this.audience.setRules({ holds: this.#holds.checked })));
    this.#words.addEventListener('input', () => { this.#isTyping = true; });
    return el('div', { class: 'stack' },
      el('div', { class: 'field' }, el('label', { for: 'moderation-slow' }, t('Slow mode')), this.#slow),
      el('label', { class: 'tick', for: 'moderation-holds' }, this.#holds, el('span', {}, t('Look at every message and question first'))),
      el('div', { class: 'field' }, el('label', { for: 'moderation-words' }, t('Words that hold a message back')), this.#words,
        el('p', { class: 'field-hint' }, t('One on each line. With a star at the end all words that begin so: Idiot*'))),
      this.#button(t('Keep the word list'), () => this.#keepWords()));
  }

  async #keepWords(): Promise<void> {
    await this.audience.setRules({ words: this.#words.value.split('\n').map((word) => word.trim()).filter(Boolean) });
    this.#isTyping = false;
    toast(t('Kept. It counts for what is written from now on.'));
  }

  #drawRules(): void {
    const view = this.audience.view;
    if (!view) return;
    const { slow_mode_s, holds } = view.rules;
    if (!SLOW.includes(slow_mode_s) && !this.#slow.querySelector(`[value="${slow_mode_s}"]`)) this.#slow.append(el('option', { value: slow_mode_s }, t('one message every %(seconds)s seconds', { seconds: slow_mode_s })));
    this.#slow.value = String(slow_mode_s);
    this.#holds.checked = holds;
    if (!this.#isTyping) this.#words.value = (view.words ?? []).join('\n');
  }

  #pollForm(): HTMLElement {
    const text = el('input', { class: 'input input-s', id: 'poll-text', maxlength: 300 });
    const choices = el('textarea', { class: 'input', id: 'poll-choices', rows: 3 });
    const open = async (): Promise<void> => {
      await this.audience.openPoll(text.value.trim(), choices.value.split('\n').map((choice) => choice.trim()).filter(Boolean));
      text.value = '';
      choices.value = '';
    };
    return el('div', { class: 'stack' },
      el('div', { class: 'field' }, el('label', { for: 'poll-text' }, t('Question')), text),
      el('div', { class: 'field' }, el('label', { for: 'poll-choices' }, t('Choices, two to eight, one on each line')), choices),
      this.#button(t('Open the poll'), open));
  }

  #readMembers(): void {
    const again = async (): Promise<void> => {
      if (this.place.isConnected && this.place.checkVisibility()) {
        try { this.#drawMembers(await this.audience.members()); } catch { /* Read again below. */ }
      }
      setTimeout(() => void again(), READ_AGAIN_MS);
    };
    setTimeout(() => void again(), 0);
    new IntersectionObserver(([entry]) => { if (entry?.isIntersecting) void this.audience.members().then((members) => this.#drawMembers(members), () => {}); }).observe(this.place);
  }

  #drawMembers(members: readonly MemberView[]): void {
    if (this.#members.contains(document.activeElement)) return; // Not away under a finger.
    this.#members.replaceChildren(...(members.length ? members.map((member) => this.#member(member)) : [this.#none(t('Nobody yet.'))]));
  }

  #member(member: MemberView): HTMLElement {
    const item = el('li', { class: 'moderated-item' });
    const act = (word: string, wish: Readonly<Record<string, unknown>>): HTMLElement =>
      this.#button(word, async () => { item.replaceWith(this.#member(await this.audience.moderateMember(member.id, wish))); });
    const signs = [member.role === 'moderator' && t('Moderator'), member.muted && t('Muted'), member.banned && t('Excluded')].filter(Boolean).join(' · ');
    const isMine = member.id === this.audience.view?.me?.id;
    item.append(el('p', {}, el('strong', { dir: 'auto' }, member.name), ' ', el('span', { class: 'soft small' }, signs)));
    if (isMine) return item;
    item.append(el('div', { class: 'buttons' }, ...this.#help(member.id, member.name),
      act(member.muted ? t('Let write again') : t('Mute in the chat'), { muted: !member.muted }),
      act(member.banned ? t('Let in again') : t('Exclude'), { banned: !member.banned }),
      page.me?.kind === 'agent' && !member.banned && this.#button(member.called ? t('Take off the stage') : t('Call on stage'), async () => {
        await this.audience.callToStage(member.id, !member.called);
        item.replaceWith(this.#member({ ...member, called: !member.called }));
      }),
      page.me?.kind === 'agent' && act(member.role === 'moderator' ? t('No longer moderator') : t('Make a moderator'), { role: member.role === 'moderator' ? 'viewer' : 'moderator' })));
    return item;
  }
}
