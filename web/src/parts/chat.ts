/** The chat of a case: what was said, and a line to say something. What was not delivered stays, and can be sent again. */

import { sentence } from '../api';
import { announce, byId, el, icon } from '../dom';
import type { Entry } from '../messages';
import { clientId } from '../page';
import { clock, t } from '../text';
import type { CaseLog } from './case_log';

interface Pending { id: string; text: string; line: HTMLElement; failed: boolean }

export class Chat {
  unread = 0;
  readonly #lines = byId('chat-lines');
  readonly #text = byId<HTMLTextAreaElement>('chat-text');
  readonly #pending = new Map<string, Pending>();
  readonly #draft: string;

  /** `isMine` says which lines were written here; `counted` hears how many are unread while the chat is closed. */
  constructor(readonly log: CaseLog, readonly isMine: (entry: Entry) => boolean, readonly isOpen: () => boolean, readonly counted: (unread: number) => void) {
    this.#draft = `oase-chat:${log.id}`;
    this.#lines.replaceChildren(el('p', { class: 'chat-none soft small' }, t('No messages yet.')));
    for (const entry of log.entries) this.#add(entry, false);
    log.on('loaded', (entries) => { for (const entry of entries) this.#add(entry, false); this.#toEnd(); });
    log.on('entry', (entry) => this.#add(entry, true));
    log.line.on('line', ({ up }) => { if (up) for (const one of this.#pending.values()) if (one.failed) void this.#send(one); });
    this.#writing();
  }

  /** The chat is on screen now. */
  opened(): void {
    this.unread = 0;
    this.counted(0);
    this.#toEnd();
  }

  #writing(): void {
    this.#text.value = sessionStorage.getItem(this.#draft) ?? '';
    this.#text.addEventListener('input', () => { sessionStorage.setItem(this.#draft, this.#text.value); this.#grow(); });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId<HTMLFormElement>('chat-form').requestSubmit();
    });
    byId('chat-form').addEventListener('submit', (event) => { event.preventDefault(); this.#say(); });
  }

  #grow(): void {
    this.#text.rows = Math.min(5, Math.max(1, this.#text.value.split('\n').length));
  }

  #say(): void {
    const text = this.#text.value.trim();
    if (!text) return;
    this.#text.value = '';
    this.#grow();
    sessionStorage.removeItem(this.#draft);
    const pending: Pending = { id: clientId(), text, failed: false, line: el('div', { class: 'chat-line chat-mine chat-pending' }, el('p', { class: 'chat-text' }, text), el('p', { class: 'chat-meta' }, t('Sending …'))) };
    this.#pending.set(pending.id, pending);
    this.#lines.querySelector('.chat-none')?.remove();
    this.#lines.append(pending.line);
    this.#toEnd();
    void this.#send(pending);
  }

  async #send(pending: Pending): Promise<void> {
    const meta = pending.line.querySelector('.chat-meta');
    meta?.replaceChildren(t('Sending …'));
    pending.failed = false;
    try {
      await this.log.say('chat', pending.text, pending.id);
    } catch (error) {
      pending.failed = true;
      const again = el('button', { class: 'chat-again', type: 'button', onclick: () => void this.#send(pending) }, t('Send again'));
      meta?.replaceChildren(icon('alert'), `${t('Not sent.')} ${sentence(error)} `, again);
      announce(`${t('Not sent.')} ${sentence(error)}`);
    }
  }

  #add(entry: Entry, isNew: boolean): void {
    if (entry.kind !== 'chat' || this.#lines.querySelector(`[data-seq="${entry.seq}"]`)) return;
    this.#lines.querySelector('.chat-none')?.remove();
    const mine = this.isMine(entry);
    const wasAtEnd = this.#isAtEnd();
    const line = el('div', { class: `chat-line${mine ? ' chat-mine' : ''}`, 'data-seq': entry.seq },
      el('p', { class: 'chat-meta' }, mine ? t('You') : entry.actor.name, ' · ', el('time', { datetime: entry.at }, clock(new Date(entry.at)))),
      el('p', { class: 'chat-text' }, entry.text));
    const pending = this.#pending.get(entry.client_id ?? '');
    if (pending) { pending.line.replaceWith(line); this.#pending.delete(pending.id); }
    else this.#lines.append(line);
    if (isNew && !mine && !this.isOpen()) { this.unread += 1; this.counted(this.unread); announce(`${entry.actor.name}: ${entry.text}`); }
    if (wasAtEnd || mine) this.#toEnd();
  }

  #isAtEnd(): boolean {
    return this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 60;
  }

  #toEnd(): void {
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }
}
