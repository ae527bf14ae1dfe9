/** A running conversation gets an audience: the title, and who may watch. */

import { post, sentence } from '../api';
import { byId, closable, setText, show, whileBusy } from '../dom';
import type { BroadcastView, Openness } from '../messages';
import { language, t } from '../text';

export class OpenPublic {
  readonly #dialog = closable(byId<HTMLDialogElement>('opening'));
  readonly #title = byId<HTMLInputElement>('opening-name');

  /** `opened` gets the broadcast that was made. */
  constructor(readonly session: () => string | null, readonly opened: (view: BroadcastView) => void) {
    byId('opening-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('opening-go'), () => this.#open()); });
  }

  ask(): void {
    show(byId('opening-failed'), false);
    this.#dialog.showModal();
    this.#title.focus();
  }

  async #open(): Promise<void> {
    const title = this.#title.value.trim();
    const visibility = new FormData(byId<HTMLFormElement>('opening-form')).get('opening-visibility') as Openness;
    try {
      if (!title) { this.#fail(t('Please give a title.')); this.#title.focus(); return; }
      this.opened(await post<BroadcastView>(`/api/v1/sessions/${this.session()}/broadcast`, { title, visibility, language: language() }));
      this.#dialog.close();
    } catch (error) {
      this.#fail(sentence(error));
    }
  }

  #fail(words: string): void {
    setText(byId('opening-failed'), words);
    show(byId('opening-failed'), true);
  }
}
