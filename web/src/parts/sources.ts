/** OBS, FFmpeg and cameras on the stage of a session: the agent makes a key, which is shown once, and revokes it. */

import { post, sentence } from '../api';
import { byId, closable, setText, show, whileBusy } from '../dom';
import type { KeyView } from '../messages';
import { day, t } from '../text';
import { LinksList } from './links_list';
import { copy } from './share_link';

export class Sources {
  readonly #list = new LinksList(byId('work-sources'), (session) => `/api/v1/sessions/${session}/sources`);
  readonly #dialog = closable(byId<HTMLDialogElement>('source'));

  constructor(readonly session: () => string | null) {
    byId('source-open').addEventListener('click', () => this.#open());
    byId('source-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('source-make'), () => this.#make()); });
    for (const name of ['address', 'key']) {
      const field = byId<HTMLInputElement>(`source-${name}`);
      field.addEventListener('focus', () => field.select());
      byId(`source-copy-${name}`).addEventListener('click', () => void copy(field.value, field));
    }
    this.#dialog.addEventListener('close', () => { byId<HTMLInputElement>('source-key').value = ''; void this.read(); }); // Whoever looks later sees no key.
  }

  async read(): Promise<void> {
    const session = this.session();
    if (session) await this.#list.read(session);
  }

  #open(): void {
    show(byId('source-form'), true);
    show(byId('source-made'), false);
    show(byId('source-failed'), false);
    this.#dialog.showModal();
  }

  async #make(): Promise<void> {
    const name = byId<HTMLInputElement>('source-name').value.trim();
    try {
      const made = await post<KeyView>(`/api/v1/sessions/${this.session()}/sources`, { name });
      byId<HTMLInputElement>('source-address').value = made.address;
      byId<HTMLInputElement>('source-key').value = made.key;
      setText(byId('source-until'), t('It is on stage as “%(name)s” while it sends. The key works for this conversation only, until %(day)s at most.', { name: made.name, day: day(new Date(made.expires_at)) }));
      show(byId('source-form'), false);
      show(byId('source-made'), true);
      byId('source-copy-address').focus();
    } catch (error) {
      setText(byId('source-failed'), sentence(error));
      show(byId('source-failed'), true);
    }
  }
}
