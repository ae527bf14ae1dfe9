/** The question whether one may be recorded, and taking a yes back. */

import { post, sentence } from '../api';
import { byId, closable, show, toast, whileBusy } from '../dom';
import type { ConsentAnswer, ConsentView } from '../messages';
import { language, t } from '../text';
import type { Connection } from '../connection';

export class Consent {
  answer: ConsentAnswer | null = null;
  #version = '';
  readonly #dialog = byId<HTMLDialogElement>('consent');

  constructor(readonly session: () => string | null, line: Connection) {
    this.#dialog.addEventListener('cancel', (event) => event.preventDefault()); // Escape is no answer.
    byId('consent-yes').addEventListener('click', () => void this.#say('given'));
    byId('consent-no').addEventListener('click', () => void this.#say('refused'));
    const withdraw = closable(byId<HTMLDialogElement>('withdraw'));
    byId('withdraw-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => { await this.#say('withdrawn'); withdraw.close(); }));
    byId('recording-sign').addEventListener('click', () => { if (this.answer === 'given') withdraw.showModal(); else this.#explain(); });
    line.on('consent', (told) => { if (told.session === session() && told.purpose === 'recording') this.ask(told.wordings?.[language() as 'de' | 'en'] ?? told.wording, told.wording_version); });
  }

  /** How it stands, from the server: after a load, and after each change. */
  set(view: ConsentView | null): void {
    if (!view) return;
    this.answer = view.answer;
    this.#version = view.wording_version;
    if (view.asked && (view.answer === null || view.answer === 'asked')) this.ask(view.wording, view.wording_version);
  }

  ask(wording: string, version: string): void {
    this.#version = version;
    byId('consent-wording').textContent = wording;
    show(byId('consent-failed'), false);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** The session is over: nobody needs an answer any more. */
  close(): void {
    this.#dialog.close();
    byId<HTMLDialogElement>('withdraw').close();
  }

  async #say(answer: 'given' | 'refused' | 'withdrawn'): Promise<void> {
    try {
      const view = await post<ConsentView>(`/api/v1/sessions/${this.session()}/consent`, { answer, wording_version: this.#version });
      this.answer = view.answer;
      this.#dialog.close();
      toast({ given: t('Thank you. You see a red sign while it records.'), refused: t('Good. You will not be recorded.'), withdrawn: t('You are not recorded any more.') }[answer]);
    } catch (error) {
      const place = byId('consent-failed');
      place.textContent = sentence(error);
      show(place, this.#dialog.open);
      if (!this.#dialog.open) toast(sentence(error));
    }
  }

  #explain(): void {
    toast(t('This conversation is being recorded, but not your picture and voice.'));
  }
}
