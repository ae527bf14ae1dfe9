/** The audience, for those on stage: the question whether it may see them, the sign that it watches, and taking a yes back. */

import type { Connection } from '../connection';
import { announce, byId, closable, setText, show, toast, whileBusy } from '../dom';
import type { OnAir } from '../messages';
import { t } from '../text';
import { Question, type Said } from './question';

export class OnAirSign extends Question {
  #now: OnAir | null = null;
  #said = '';
  readonly #unseen = closable(byId<HTMLDialogElement>('unseen'));

  /** `said` is told what was answered, and what is said after it can be said otherwise by `words`. */
  constructor(session: () => string | null, line: Connection, said: (said: Said) => void = () => {}, words: Partial<Record<Said, string>> = {}) {
    super(session, line, { purpose: 'public', id: 'public', path: (id) => `/api/v1/broadcasts/${id}/consent`, thanks: (one) => words[one] ?? thanks(one), said });
    byId('unseen-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => { await this.say('withdrawn'); this.#unseen.close(); }));
    byId('air-sign').addEventListener('click', () => this.#pressed());
  }

  /** How the broadcast of this session stands; null while it has none. */
  now(onAir: OnAir | null): void {
    this.#now = onAir;
    if (onAir && onAir.state !== 'ended') this.set(onAir.consent);
    else if (this.answer) this.close();
    const [words, kind] = signOf(onAir);
    const sign = byId('air-sign');
    sign.className = `sign ${kind}`;
    sign.querySelector('.dot')?.classList.toggle('dot-live', kind === 'sign-live');
    setText(byId('air-word'), words);
    show(sign, words !== '');
    if (words !== this.#said && (words || this.#said)) announce(words || t('The audience is gone.'));
    this.#said = words;
  }

  override close(): void {
    super.close();
    this.#unseen.close();
  }

  #pressed(): void {
    if (this.answer === 'given') this.#unseen.showModal();
    else if (this.answer) this.askAgain();
    else toast(this.#now?.state === 'rehearsal' ? t('Nobody but the team can watch a rehearsal.') : t('The audience sees and hears nothing of you.'));
  }
}

/** What the sign says, and how it looks: red only while the audience watches. */
function signOf(onAir: OnAir | null): [words: string, kind: string] {
  if (!onAir) return ['', ''];
  switch (onAir.state) {
    case 'live': return [onAir.shown ? t('Live: the audience sees you') : t('Live, without you'), 'sign-live'];
    case 'countdown': return [t('Live in a moment'), 'sign-soon'];
    case 'paused': return [t('Short pause: the audience sees a card'), 'sign-soon'];
    case 'rehearsal': return [t('Rehearsal: nobody watches'), 'sign-calm'];
    default: return ['', ''];
  }
}

function thanks(said: Said): string {
  return { given: t('Thank you. A red sign says when the audience watches.'), refused: t('Good. The audience sees and hears nothing of you.'), withdrawn: t('Nothing of you is shown any more.') }[said];
}
