/** A question for consent to one purpose, in the server's words, and the answer. Both answers weigh the same, and Escape is none. */

import { post, sentence } from '../api';
import type { Connection } from '../connection';
import { byId, show, toast, whileBusy } from '../dom';
import type { ConsentAnswer, ConsentView, Purpose } from '../messages';
import { language } from '../text';

export type Said = 'given' | 'refused' | 'withdrawn';

/** `id` is the dialog's, and begins the names of what is in it. `path` takes the answer, `thanks` is what is said after it, `said` is told of it. */
export interface Asking { purpose: Purpose; id: string; path: (session: string) => string; thanks: (said: Said) => string; said?: (said: Said) => void }

export class Question {
  answer: ConsentAnswer | null = null;
  wording = '';
  #version = '';
  readonly #dialog: HTMLDialogElement;

  constructor(readonly session: () => string | null, line: Connection, readonly asking: Asking) {
    this.#dialog = byId<HTMLDialogElement>(asking.id);
    this.#dialog.addEventListener('cancel', (event) => event.preventDefault());
    const answers: readonly [string, Said][] = [['yes', 'given'], ['no', 'refused']];
    for (const [word, said] of answers) byId(`${asking.id}-${word}`).addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.say(said)));
    line.on('consent', (told) => { if (told.session === session() && told.purpose === asking.purpose) this.ask(told.wordings?.[language() as 'de' | 'en'] ?? told.wording, told.wording_version); });
  }

  /** How it stands, from the server: after a load, and after each change. */
  set(view: ConsentView | null): void {
    if (!view) return;
    this.answer = view.answer;
    this.wording = view.wording;
    this.#version = view.wording_version;
    if (view.asked && (view.answer === null || view.answer === 'asked')) this.ask(view.wording, view.wording_version);
    else if (view.answer !== 'refused' && view.answer !== 'withdrawn') this.#dialog.close(); // Answered in another window.
  }

  ask(wording: string, version: string): void {
    this.#version = version;
    byId(`${this.asking.id}-wording`).textContent = wording;
    show(byId(`${this.asking.id}-failed`), false);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** Asks once more, in the words of before: somebody changed their mind. */
  askAgain(): void {
    if (this.wording) this.ask(this.wording, this.#version);
  }

  /** Nobody needs an answer any more. */
  close(): void {
    this.#dialog.close();
  }

  async say(said: Said): Promise<void> {
    if (this.answer === said) { this.#dialog.close(); return; } // Asked anew by oneself, and nothing changed.
    try {
      const view = await post<ConsentView>(this.asking.path(this.session() ?? ''), { answer: said, wording_version: this.#version });
      this.answer = view.answer;
      this.#dialog.close();
      toast(this.asking.thanks(said));
      this.asking.said?.(said);
    } catch (error) {
      const place = byId(`${this.asking.id}-failed`);
      place.textContent = sentence(error);
      show(place, this.#dialog.open);
      if (!this.#dialog.open) toast(sentence(error));
    }
  }
}
