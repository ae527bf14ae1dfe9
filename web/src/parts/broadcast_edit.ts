/** What is known of a broadcast and who may watch it, changed before, while and after it is live; and its recording taken from the public, or given back. */

import { get, patch, sentence } from '../api';
import { byId, closable, setText, show, toast, whileBusy } from '../dom';
import type { BroadcastView, Openness } from '../messages';
import { t } from '../text';
import { PosterField } from './poster_field';

const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);

export class BroadcastEdit {
  readonly #dialog = closable(byId<HTMLDialogElement>('editing'));
  readonly #removing = closable(byId<HTMLDialogElement>('removing'));
  readonly #poster = new PosterField('edit');
  #view: BroadcastView | null = null;

  /** `changed` gets what the server made of it. */
  constructor(readonly changed: (view: BroadcastView) => void) {
    const form = byId<HTMLFormElement>('edit-form');
    form.addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('edit-go'), () => this.#save()); });
    form.addEventListener('change', () => this.#offerList());
    byId('edit-remove').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#turn()));
    byId('removing-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#remove()));
  }

  async open(session: string): Promise<void> {
    try {
      this.#fill(await get<BroadcastView>(`/api/v1/broadcasts/${session}`));
      this.#dialog.showModal();
      field('edit-title').focus();
    } catch (error) {
      toast(sentence(error));
    }
  }

  #fill(view: BroadcastView): void {
    this.#view = view;
    field('edit-title').value = view.title;
    byId<HTMLTextAreaElement>('edit-words').value = view.description;
    const chosen = byId('edit-form').querySelector<HTMLInputElement>(`[name="edit-visibility"][value="${view.visibility}"]`);
    if (chosen) chosen.checked = true;
    field('edit-listed').checked = view.listed;
    this.#poster.fill(view.poster);
    show(byId('edit-failed'), false);
    this.#offerList();
    this.#showPublic(view);
  }

  get #visibility(): Openness {
    return new FormData(byId<HTMLFormElement>('edit-form')).get('edit-visibility') as Openness;
  }

  /** Only what is for everybody can stand in their list. */
  #offerList(): void {
    show(byId('edit-listed-part'), this.#visibility === 'public');
  }

  #showPublic(view: BroadcastView): void {
    show(byId('edit-public'), view.state === 'ended' && (view.recording !== null || view.removed));
    setText(byId('edit-public-words'), view.removed ? t('The recording is taken from the public: only agents see it.') : t('The recording plays on the page of the audience.'));
    setText(byId('edit-remove-word'), view.removed ? t('Give it back to the public') : t('Take it from the public'));
  }

  async #save(): Promise<void> {
    const title = field('edit-title').value.trim();
    if (!title) { this.#fail('edit-failed', t('Please give a title.')); field('edit-title').focus(); return; }
    const wish = { title, description: byId<HTMLTextAreaElement>('edit-words').value.trim(), visibility: this.#visibility, listed: field('edit-listed').checked };
    if (await this.#change(wish, 'edit-failed', true)) this.#dialog.close();
  }

  /** Giving back needs no question: taking away does. */
  async #turn(): Promise<void> {
    if (this.#view?.removed) { await this.#change({ removed: false }, 'edit-failed'); return; }
    setText(byId('removing-text'), t('Nobody but agents can watch “%(title)s” from then on, and its link leads to nothing. You can give it back.', { title: this.#view?.title ?? '' }));
    show(byId('removing-failed'), false);
    this.#removing.showModal();
  }

  async #remove(): Promise<void> {
    if (await this.#change({ removed: true }, 'removing-failed')) this.#removing.close();
  }

  async #change(wish: Readonly<Record<string, unknown>>, place: string, withPoster = false): Promise<boolean> {
    const session = this.#view?.session ?? '';
    try {
      const pictured = withPoster ? await this.#poster.save(session) : null;
      if (pictured) this.#poster.fill(pictured.poster); // Whatever comes of the rest, it is not sent twice.
      const view = await patch<BroadcastView>(`/api/v1/broadcasts/${session}`, wish);
      this.#view = view;
      this.#showPublic(view);
      this.changed(view);
      toast(t('Saved.'));
      return true;
    } catch (error) {
      this.#fail(place, sentence(error));
      return false;
    }
  }

  #fail(place: string, words: string): void {
    setText(byId(place), words);
    show(byId(place), true);
  }
}
