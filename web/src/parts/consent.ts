/** The question whether one may be recorded, and taking a yes back. */

import type { Connection } from '../connection';
import { byId, closable, toast, whileBusy } from '../dom';
import { t } from '../text';
import { Question, type Said } from './question';

export class Consent extends Question {
  readonly #withdraw = closable(byId<HTMLDialogElement>('withdraw'));

  constructor(session: () => string | null, line: Connection) {
    super(session, line, { purpose: 'recording', id: 'consent', path: (id) => `/api/v1/sessions/${id}/consent`, thanks });
    byId('withdraw-yes').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, async () => { await this.say('withdrawn'); this.#withdraw.close(); }));
    byId('recording-sign').addEventListener('click', () => { if (this.answer === 'given') this.#withdraw.showModal(); else toast(t('This conversation is being recorded, but not your picture and voice.')); });
  }

  override close(): void {
    super.close();
    this.#withdraw.close();
  }
}

function thanks(said: Said): string {
  return { given: t('Thank you. You see a red sign while it records.'), refused: t('Good. You will not be recorded.'), withdrawn: t('You are not recorded any more.') }[said];
}
