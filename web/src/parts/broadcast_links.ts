/** The links of a broadcast: for its audience, for other sites, for guests, and the keys of machines. */

import { byId, closable, setText, show } from '../dom';
import type { Openness } from '../messages';
import { embedCode } from './broadcast_words';
import { inviting } from './inviting';
import { copy } from './share_link';
import { Sources } from './sources';

export class LinksOfBroadcast {
  #session: string | null = null;
  readonly #dialog = closable(byId<HTMLDialogElement>('linking'));
  readonly #sources = new Sources(() => this.#session);

  constructor() {
    inviting(byId('invite'), () => this.#session, () => {});
    for (const button of this.#dialog.querySelectorAll<HTMLElement>('[data-copy]')) {
      const field = byId<HTMLInputElement>(button.dataset['copy'] ?? '');
      field.addEventListener('focus', () => field.select());
      button.addEventListener('click', () => void copy(field.value, field));
    }
  }

  open(session: string, title: string, visibility: Openness, isOver = false): void {
    this.#session = session;
    setText(byId('linking-of'), title);
    byId<HTMLInputElement>('link-watch').value = `${location.origin}/watch/${session}`;
    byId<HTMLInputElement>('link-embed').value = embedCode(session, title);
    show(byId('link-embed-part'), visibility !== 'private');
    show(byId('linking-stage'), !isOver);
    if (!isOver) void this.#sources.read();
    this.#dialog.showModal();
  }
}
