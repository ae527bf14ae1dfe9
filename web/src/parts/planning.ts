/** The form that plans a broadcast. */

import { post, Problem, sentence } from '../api';
import { byId, closable, el, show, toast, whileBusy } from '../dom';
import type { BroadcastView, Language, Openness, PlanBroadcast } from '../messages';
import { clientId } from '../page';
import { t } from '../text';
import { helpWith } from './broadcast_words';
import { PosterField } from './poster_field';

const value = (id: string): string => byId<HTMLInputElement>(id).value.trim();

export class Planning {
  readonly #dialog = closable(byId<HTMLDialogElement>('planning'));
  readonly #title = byId<HTMLInputElement>('plan-title');
  readonly #poster = new PosterField('plan');
  #id = clientId();

  /** `planned` gets what was made. */
  constructor(readonly planned: (view: BroadcastView) => void) {
    byId('plan').addEventListener('click', () => { this.#fail('', ''); this.#dialog.showModal(); this.#title.focus(); });
    byId('plan-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('plan-go'), () => this.#plan()); });
  }

  async #plan(): Promise<void> {
    this.#fail('', '');
    this.#title.removeAttribute('aria-invalid');
    if (!value('plan-title')) {
      this.#title.setAttribute('aria-invalid', 'true');
      this.#fail(t('Please give a title.'), '');
      this.#title.focus();
      return;
    }
    try {
      const made = await post<BroadcastView>('/api/v1/broadcasts', this.#body()); // The same id again is the same plan, so a refused picture may be changed.
      await this.#poster.save(made.session);
      this.#id = clientId();
      this.#dialog.close();
      byId<HTMLFormElement>('plan-form').reset();
      this.#poster.fill(null);
      toast(t('“%(title)s” is planned.', { title: made.title }));
      this.planned(made);
    } catch (error) {
      this.#fail(sentence(error), error instanceof Problem ? error.code : '');
    }
  }

  #body(): PlanBroadcast {
    const begins = value('plan-time');
    return {
      title: value('plan-title'), topic: value('plan-topic'), language: value('plan-language') as Language, description: value('plan-words'),
      visibility: new FormData(byId<HTMLFormElement>('plan-form')).get('plan-visibility') as Openness,
      starts_at: begins ? new Date(begins).toISOString() : null,
      size: Number(value('plan-size')) as 720 | 1080, small: byId<HTMLInputElement>('plan-small').checked,
      client_id: this.#id,
    };
  }

  #fail(words: string, code: string): void {
    byId('plan-failed').replaceChildren(el('span', {}, words, ...helpWith(code)));
    show(byId('plan-failed'), words !== '');
  }
}
