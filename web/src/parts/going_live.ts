/** Going live: who will be seen and who will not, and when. */

import { post, Problem, sentence } from '../api';
import { byId, closable, el, setText, show, whileBusy } from '../dom';
import type { BroadcastView } from '../messages';
import { t } from '../text';
import { helpWith, hurdleWords, opennessWords } from './broadcast_words';
import { fillPeople } from './studio_people';
import { divided } from './studio_steps';

export class GoingLive {
  readonly #dialog = closable(byId<HTMLDialogElement>('going-live'));
  #session = '';

  /** `gone` gets the broadcast as it stands then. */
  constructor(readonly gone: (view: BroadcastView) => void) {
    byId('live-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('live-go'), () => this.#go()); });
  }

  ask(view: BroadcastView): void {
    this.#session = view.session;
    const { seen } = divided(view.people);
    const who = { who: opennessWords(view.visibility), names: seen.join(', ') };
    setText(byId('live-who'), seen.length ? t('Who may watch: %(who)s. Seen and heard: %(names)s, and nobody else.', who) : t('Who may watch: %(who)s. Nobody on stage has agreed to be seen yet; they are asked now.', who));
    fillPeople(byId('live-people'), view);
    const first = view.obstacles.find((code) => code === 'imprint_missing' || code === 'nobody_on_stage');
    this.#fail(first ? hurdleWords(first) : '', first);
    this.#dialog.showModal();
  }

  async #go(): Promise<void> {
    const seconds = Number(new FormData(byId<HTMLFormElement>('live-form')).get('seconds'));
    try {
      const path = `/api/v1/broadcasts/${this.#session}`;
      this.gone(await (seconds ? post<BroadcastView>(`${path}/countdown`, { seconds }) : post<BroadcastView>(`${path}/live`)));
      this.#dialog.close();
    } catch (error) {
      this.#fail(sentence(error), error instanceof Problem ? error.code : '');
    }
  }

  #fail(words: string, code = ''): void {
    byId('live-failed').replaceChildren(el('span', {}, words, ...helpWith(code)));
    show(byId('live-failed'), words !== '');
  }
}
