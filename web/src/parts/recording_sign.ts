/** The sign that a recording runs: always visible, with a red dot, the word and the time. */

import { announce, byId, setText, show } from '../dom';
import { duration, t } from '../text';

export class RecordingSign {
  startedAt: Date | null = null;

  /** `without` says that the reader is not part of the recording. */
  constructor(readonly without: () => boolean) {
    setInterval(() => this.#tick(), 1000);
  }

  set(startedAt: Date | null): void {
    if (Boolean(startedAt) !== Boolean(this.startedAt)) announce(startedAt ? t('The recording runs now.') : t('The recording has stopped.'));
    this.startedAt = startedAt;
    show(byId('recording-sign'), startedAt !== null);
    this.#tick();
  }

  #tick(): void {
    if (!this.startedAt) return;
    setText(byId('recording-word'), this.without() ? t('Recording, without you') : t('Recording'));
    setText(byId('recording-time'), duration((Date.now() - this.startedAt.getTime()) / 1000));
  }
}
