/** An agent's way to a recording: who agrees, ask, start, stop. */

import { post, sentence } from '../api';
import { byId, closable, el, icon, setIcon, setText, show, toast, whileBusy } from '../dom';
import type { Entry, EntryKind, ParticipantView, RecordingView, SessionView } from '../messages';
import type { Room } from '../room';
import { t } from '../text';
import type { CaseLog } from './case_log';

const ANSWERS: readonly EntryKind[] = ['consent_asked', 'consent_given', 'consent_refused', 'consent_withdrawn'];
type Answer = 'given' | 'refused' | 'asked' | 'none';

export class RecordControl {
  #running: string | null = null;
  readonly #dialog = closable(byId<HTMLDialogElement>('recording-dialog'));

  constructor(readonly room: Room, readonly log: CaseLog) {
    byId('record').addEventListener('click', (event) => {
      if (this.#running) void whileBusy(event.currentTarget as HTMLElement, () => this.#stop());
      else { show(byId('recording-failed'), false); this.render(); this.#dialog.showModal(); }
    });
    byId('ask-consent').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#do(() => post<SessionView>(`/api/v1/sessions/${room.session}/consent/ask`))));
    byId('start-recording').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#start()));
    log.on('entry', (entry) => { if (ANSWERS.includes(entry.kind)) this.render(); });
    room.on('people', () => this.render());
  }

  running(id: string | null): void {
    this.#running = id;
    byId('record').classList.toggle('round-live', id !== null);
    setText(byId('record').querySelector('.round-word') as HTMLElement, id ? t('Stop') : t('Record'));
    setIcon(byId('record'), id ? 'stop' : 'record');
  }

  render(): void {
    const people = this.room.people.filter((one) => one.on_stage);
    const answers = people.map((one) => this.#answer(one));
    byId('agreed').replaceChildren(...people.map((one, index) => line(one, answers[index] ?? 'none')));
    const someAgree = answers.includes('given');
    byId<HTMLButtonElement>('start-recording').disabled = !someAgree;
    byId('start-recording').classList.toggle('button-main', someAgree);
    byId('ask-consent').classList.toggle('button-main', !someAgree);
    byId<HTMLButtonElement>('ask-consent').disabled = answers.every((answer) => answer === 'given');
  }

  /** What this person said last, as the timeline has it. */
  #answer(person: ParticipantView): Answer {
    const mine = (entry: Entry): boolean => entry.session === this.room.session && ANSWERS.includes(entry.kind) && entry.data['participant'] === person.id;
    const last = this.log.entries.filter(mine).at(-1)?.kind;
    const said = this.log.entries.filter((entry) => mine(entry) && entry.kind !== 'consent_asked').at(-1)?.kind;
    if (said === 'consent_given') return 'given';
    if (last === 'consent_asked') return 'asked';
    return said ? 'refused' : 'none';
  }

  async #start(): Promise<void> {
    if (await this.#do(() => post<RecordingView>(`/api/v1/sessions/${this.room.session}/recordings`))) this.#dialog.close();
  }

  async #stop(): Promise<void> {
    try {
      await post(`/api/v1/recordings/${this.#running}/stop`);
    } catch (error) {
      toast(sentence(error));
    }
  }

  async #do(work: () => Promise<unknown>): Promise<boolean> {
    show(byId('recording-failed'), false);
    try {
      await work();
      return true;
    } catch (error) {
      setText(byId('recording-failed'), sentence(error));
      show(byId('recording-failed'), true);
      return false;
    }
  }
}

function line(person: ParticipantView, answer: Answer): HTMLElement {
  const [picture, kind, words] = {
    given: ['check', 'good', t('agrees')], refused: ['close', 'live', t('does not want to be recorded')], asked: ['clock', 'warn', t('was asked')], none: ['info', '', t('not asked yet')],
  }[answer] as [string, string, string];
  return el('li', {}, el('span', {}, person.name), el('span', { class: `badge${kind ? ` badge-${kind}` : ''}` }, icon(picture), words));
}
