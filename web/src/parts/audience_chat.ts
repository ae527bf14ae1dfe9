/** The audience's chat: everything as text, the newest at the end, and a line to write. */

import type { Audience } from '../audience';
import { isCode, sentence } from '../api';
import { announce, el, icon, isShown, setText, show, toast } from '../dom';
import type { ChatLine } from '../messages';
import { clientId, page } from '../page';
import { clock, t, tn } from '../text';
import { nothingYet } from './audience';
import { takingPart } from './audience_name';

const SHOWN = 200;
const CALM_MS = 4000; // Lines that come faster than that are not read out: nobody could follow.

export class AudienceChat {
  readonly place: HTMLElement;
  readonly #lines = el('div', { class: 'audience-lines', role: 'log', 'aria-label': t('Chat'), 'aria-live': 'polite', tabindex: 0 });
  readonly #text = el('textarea', { class: 'input', id: 'audience-text', rows: 1, maxlength: 500, placeholder: t('Write a message'), enterkeyhint: 'send', 'aria-describedby': 'audience-chat-note' });
  readonly #note = el('p', { class: 'small soft audience-note', id: 'audience-chat-note', role: 'status' });
  readonly #form: HTMLFormElement;
  readonly #more = el('button', { class: 'button button-s audience-more', type: 'button', hidden: true, onclick: () => this.#toEnd() });
  #unread = 0;
  #below = 0;
  #lastAt = 0;

  constructor(readonly audience: Audience, readonly counted: (unread: number) => void) {
    this.#form = el('form', { class: 'chat-form' },
      el('label', { class: 'unseen', for: 'audience-text' }, t('Your message')), this.#text,
      el('button', { class: 'button button-main chat-send', type: 'submit' }, icon('send', 'icon-s'), el('span', { class: 'unseen' }, t('Send'))));
    this.place = el('div', { class: 'audience-chat' }, el('div', { class: 'audience-scroll' }, this.#lines, this.#more), this.#note, this.#form);
    this.#lines.append(nothingYet('chat', t('Nobody has written yet.'), t('Say hello.')));
    this.#listen();
  }

  #listen(): void {
    this.audience.on('lines', ({ changed, isAnew }) => this.#take(changed, isAnew));
    this.audience.on('me', () => this.#rules());
    this.#lines.addEventListener('scroll', () => { if (this.#isAtEnd()) this.#seen(); });
    this.#form.addEventListener('submit', (event) => { event.preventDefault(); void this.#say(); });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    new IntersectionObserver(([entry]) => { if (entry?.isIntersecting) { this.#toEnd(); this.#unread = 0; this.counted(0); } }).observe(this.place);
  }

  /** What holds now, in words. */
  #rules(): void {
    const view = this.audience.view;
    if (!view) return;
    const { state, slow_mode_s, holds } = view.rules;
    const isOpen = state === 'countdown' || state === 'live' || state === 'paused';
    const words = view.me?.banned ? t('The moderators have excluded you from taking part in this broadcast.')
      : view.me?.muted ? t('The moderators have muted you. You can read and vote.')
      : state === 'ended' ? t('The broadcast is over.')
      : !isOpen ? t('The chat opens shortly before the broadcast.')
      : holds ? t('Moderators look at each message first.')
      : slow_mode_s ? tn('Slow mode: one message each second.', 'Slow mode: one message every %(num)s seconds.', slow_mode_s) : '';
    setText(this.#note, words);
    show(this.#form, isOpen && !view.me?.banned && !view.me?.muted);
  }

  async #say(): Promise<void> {
    const text = this.#text.value.trim();
    if (!text) return;
    const id = clientId();
    this.#text.value = '';
    const said = await takingPart(this.audience, async () => {
      try {
        const line = await this.audience.say(text, id);
        if (line.state === 'held') toast(t('Thank you. A moderator looks at your message first.'));
      } catch (error) {
        if (!this.#text.value) this.#text.value = text; // Nothing typed is lost.
        if (isCode(error, 'slow_mode')) { setText(this.#note, sentence(error)); announce(sentence(error)); return; }
        throw error;
      }
    });
    if (!said && !this.#text.value) this.#text.value = text;
    this.#text.focus();
    this.#toEnd();
  }

  #take(changed: readonly ChatLine[], isAnew: boolean): void {
    const atEnd = this.#isAtEnd();
    const wasEmpty = !this.#lines.querySelector('[data-line]');
    if (isAnew) this.#lines.replaceChildren();
    const isCalm = Date.now() - this.#lastAt > CALM_MS && changed.length < 3;
    this.#lastAt = Date.now();
    this.#lines.setAttribute('aria-live', isCalm && !wasEmpty ? 'polite' : 'off');
    let fresh = 0;
    for (const line of isAnew ? this.audience.lines.values() : changed) fresh += this.#put(line) ? 1 : 0;
    const all = this.#lines.querySelectorAll('[data-line]');
    for (let at = 0; at < all.length - SHOWN; at += 1) all[at]?.remove();
    if (all.length) this.#lines.querySelector('.empty')?.remove();
    if (atEnd || wasEmpty) this.#toEnd();
    else if (fresh) this.#count(fresh);
    if (fresh && !isShown(this.place.parentElement ?? this.place) && !wasEmpty) { this.#unread += fresh; this.counted(this.#unread); }
  }

  /** Whether it is a line that was not there. */
  #put(line: ChatLine): boolean {
    const known = this.#lines.querySelector(`[data-line="${CSS.escape(line.id)}"]`);
    const made = this.#element(line);
    if (known) { if (made) known.replaceWith(made); else known.remove(); return false; }
    if (made) this.#lines.append(made);
    return made !== null;
  }

  #element(line: ChatLine): HTMLElement | null {
    if (line.state === 'removed' && !line.text) return null;
    const mine = line.member !== null && line.member === this.audience.view?.me?.id;
    const marks = line.by === 'agent' ? el('span', { class: 'badge badge-brand' }, t('Team')) : null;
    const state = line.state === 'held' ? el('span', { class: 'badge badge-warn' }, t('Waits for approval')) : line.state === 'removed' ? el('span', { class: 'badge' }, t('Removed')) : null;
    return el('div', { class: `audience-line${mine ? ' is-mine' : ''}${line.state === 'shown' ? '' : ' is-off'}`, 'data-line': line.id },
      el('p', { class: 'audience-who' }, el('span', { class: 'audience-by', dir: 'auto' }, mine ? t('You') : line.name), marks, state, el('time', { datetime: line.at }, clock(new Date(line.at)))),
      el('p', { class: 'audience-said', dir: 'auto' }, line.text),
      this.audience.moderates ? this.#acts(line, mine) : null);
  }

  #acts(line: ChatLine, mine: boolean): HTMLElement {
    const { audience } = this;
    const act = (word: string, work: () => Promise<unknown>): HTMLElement =>
      el('button', { class: 'audience-act', type: 'button', onclick: () => void takingPart(audience, work) }, word);
    const member = line.member;
    return el('p', { class: 'audience-acts', role: 'group', 'aria-label': t('Moderate: %(name)s', { name: line.name }) },
      member && isAgent() && act(t('Help in private'), () => helpInPrivate(audience, member, line.name)),
      line.state === 'held' && act(t('Approve'), () => audience.moderateLine(line.id, 'shown')),
      line.state === 'removed' ? act(t('Bring back'), () => audience.moderateLine(line.id, 'shown')) : act(t('Remove'), () => audience.moderateLine(line.id, 'removed')),
      member && !mine && act(t('Mute in the chat'), async () => { await audience.moderateMember(member, { muted: true }); toast(t('%(name)s can only read now. You can undo that under Moderation.', { name: line.name })); }),
      member && !mine && act(t('Exclude'), async () => { await audience.moderateMember(member, { banned: true, remove_lines: true }); toast(t('%(name)s is excluded, and their messages are gone. You can undo that under Moderation.', { name: line.name })); }));
  }

  #count(fresh: number): void {
    this.#below += fresh;
    setText(this.#more, tn('1 new message', '%(num)s new messages', this.#below));
    show(this.#more, true);
  }

  #seen(): void {
    this.#below = 0;
    show(this.#more, false);
  }

  #isAtEnd(): boolean {
    return this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 60;
  }

  #toEnd(): void {
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#seen();
  }
}

/** A case of their own for a member, who waits in it for a private session; the audience sees nothing of it. */
export async function helpInPrivate(audience: Audience, member: string, name: string): Promise<void> {
  const { number } = await audience.helpMember(member);
  toast(t('%(name)s has case %(number)s now, and waits in the queue.', { name, number }));
}

/** Agents have no name to give: theirs is known. */
export const isAgent = (): boolean => page.me?.kind === 'agent';
