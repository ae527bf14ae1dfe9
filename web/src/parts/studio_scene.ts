/** What the audience sees, chosen live: layout, who is large, names, logo, title card, banner. */

import { put, sentence } from '../api';
import { byId, el, setText, show, toast } from '../dom';
import type { BroadcastView, SetScene } from '../messages';
import { t } from '../text';

const form = (): HTMLFormElement => byId<HTMLFormElement>('scene');
const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);

export class SceneControl {
  #view: BroadcastView | null = null;
  #sending: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** `done` gets what the server made of a change. */
  constructor(readonly done: (view: BroadcastView) => void) {
    form().addEventListener('change', () => void this.apply(this.#chosen()));
    form().addEventListener('submit', (event) => event.preventDefault());
    byId('card-form').addEventListener('submit', (event) => { event.preventDefault(); void this.#card(); });
    byId('banner-form').addEventListener('submit', (event) => { event.preventDefault(); void this.#banner(); });
  }

  /** What the server said. While a change is on its way that is older than the change, and what was chosen stays chosen. */
  render(view: BroadcastView): void {
    if (this.#waiting === 0) this.#draw(view);
  }

  #draw(view: BroadcastView): void {
    this.#view = view;
    const { scene } = view;
    const layout = form().querySelector<HTMLInputElement>(`[name="layout"][value="${CSS.escape(scene.layout)}"]`);
    if (layout) layout.checked = true;
    field('scene-names').checked = scene.lower_thirds;
    field('scene-logo').checked = scene.logo;
    this.#offerPeople(view);
    const hasCard = scene.card?.kind === 'title';
    press('card-show', hasCard);
    press('banner-show', scene.banner !== null);
    if (hasCard) keep('card-text', scene.card?.text ?? '');
    if (scene.banner) keep('banner-text', scene.banner.text);
    const shown = [hasCard ? t('Title card') : '', scene.banner ? t('Banner') : ''].filter(Boolean).join(', ');
    setText(byId('scene-shown'), shown);
    show(byId('scene-shown'), shown !== '');
  }

  /** One change after the other, and nothing but the change: a question that is pinned meanwhile stays. The audience sees it when this is done. */
  apply(change: Partial<SetScene>): Promise<void> {
    this.#waiting += 1;
    this.#sending = this.#sending.then(async () => {
      if (!this.#view) { this.#waiting -= 1; return; }
      try {
        const view = await put<BroadcastView>(`/api/v1/broadcasts/${this.#view.session}/scene`, change);
        this.#waiting -= 1;
        this.render(view);
        this.done(view);
      } catch (error) {
        this.#waiting -= 1;
        toast(sentence(error));
        this.render(this.#view);
      }
    });
    return this.#sending;
  }

  /** What differs from what the server said last. */
  #chosen(): Partial<SetScene> {
    const said = new FormData(form());
    const chosen = { layout: said.get('layout') as NonNullable<SetScene['layout']>, lower_thirds: field('scene-names').checked, logo: field('scene-logo').checked, main: byId<HTMLSelectElement>('scene-main').value || null };
    const before = this.#view?.scene;
    return Object.fromEntries(Object.entries(chosen).filter(([name, value]) => before?.[name as keyof typeof chosen] !== value));
  }

  #offerPeople({ people, scene }: BroadcastView): void {
    const choice = byId<HTMLSelectElement>('scene-main');
    const options: [string, string][] = [['', t('Whoever speaks')], ...people.map((one): [string, string] => [one.participant, one.shown ? one.name : t('%(name)s (not seen)', { name: one.name })])];
    if (JSON.stringify(options) !== choice.dataset['options']) {
      choice.dataset['options'] = JSON.stringify(options); // A list that is open stays as it is while nothing changed.
      choice.replaceChildren(...options.map(([value, word]) => el('option', { value }, word)));
    }
    choice.value = people.some((one) => one.participant === scene.main) ? scene.main ?? '' : '';
  }

  async #card(): Promise<void> {
    const isShown = this.#view?.scene.card?.kind === 'title';
    await this.apply({ card: isShown ? null : { kind: 'title', title: this.#view?.title ?? '', text: field('card-text').value.trim() } });
  }

  async #banner(): Promise<void> {
    const text = field('banner-text').value.trim();
    const isShown = this.#view?.scene.banner !== null;
    if (!text && !isShown) { field('banner-text').focus(); return; }
    await this.apply({ banner: isShown ? null : { text } });
  }
}

function press(id: string, isOn: boolean): void {
  byId(id).setAttribute('aria-pressed', String(isOn));
  setText(byId(id), isOn ? t('Take away') : t('Show'));
}

/** Nobody loses what they are writing. */
function keep(id: string, text: string): void {
  if (document.activeElement !== byId(id)) field(id).value = text;
}
