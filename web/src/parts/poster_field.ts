/** The picture that stands for a broadcast, in a form: chosen, seen, and sent or taken away when the form is. */

import { remove, sendFile } from '../api';
import { byId, show } from '../dom';
import type { BroadcastView, Poster } from '../messages';

const KINDS = 'image/jpeg,image/png,image/webp';

export class PosterField {
  readonly #file: HTMLInputElement;
  readonly #picture: HTMLImageElement;
  readonly #shown: HTMLElement;
  #kept: Poster | null = null;
  #isTaken = false;

  /** Of the form whose parts begin with `name`. */
  constructor(name: string) {
    this.#file = byId<HTMLInputElement>(`${name}-poster`);
    this.#picture = byId<HTMLImageElement>(`${name}-poster-picture`);
    this.#shown = byId(`${name}-poster-shown`);
    this.#file.accept = KINDS;
    this.#file.addEventListener('change', () => { this.#isTaken = false; this.#render(); });
    byId(`${name}-poster-remove`).addEventListener('click', () => { this.#file.value = ''; this.#isTaken = true; this.#render(); this.#file.focus(); });
  }

  /** What is kept so far. */
  fill(poster: Poster | null): void {
    this.#kept = poster;
    this.#isTaken = false;
    this.#file.value = '';
    this.#render();
  }

  get #chosen(): File | null {
    return this.#file.files?.[0] ?? null;
  }

  #render(): void {
    URL.revokeObjectURL(this.#picture.src);
    const source = this.#chosen ? URL.createObjectURL(this.#chosen) : this.#isTaken ? '' : this.#kept?.path ?? '';
    if (source) this.#picture.src = source;
    else this.#picture.removeAttribute('src');
    show(this.#shown, source !== '');
  }

  /** Sends what was chosen, or takes away what was kept; null when nothing is to be done. */
  async save(session: string): Promise<BroadcastView | null> {
    const path = `/api/v1/broadcasts/${session}/poster`;
    if (this.#chosen) return sendFile<BroadcastView>(path, this.#chosen);
    return this.#isTaken && this.#kept ? remove<BroadcastView>(path) : null;
  }
}
