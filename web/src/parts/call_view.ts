/** The call as customers and guests have it: pictures, switches, chat drawer, consent, leaving. */

import type { CaseView, SessionView } from '../messages';
import { byId, closable, isShown, show } from '../dom';
import type { Room } from '../room';
import { stayAwake } from '../devices';
import { t } from '../text';
import { Consent } from './consent';
import { controls } from './controls';
import { OnAirSign } from './on_air';
import { RecordingSign } from './recording_sign';
import { Stage } from './stage';

const PICTURE_LIMIT_MS = 400;

export class CallView {
  readonly consent: Consent;
  readonly onAir: OnAirSign;
  readonly #recording: RecordingSign;
  #stage: Stage | null = null;
  #sleep: (() => void) | null = null;
  #room: Room | null = null;

  /** `opened` is told whenever the chat drawer opens; `left` when the person has left. */
  constructor(readonly opened: () => void, readonly left: () => void, room: () => Room | null, line: Room['line'], devices: Room['devices']) {
    this.consent = new Consent(() => room()?.session ?? null, line);
    this.onAir = new OnAirSign(() => room()?.session ?? null, line);
    this.#recording = new RecordingSign(() => this.consent.answer !== 'given');
    controls(devices);
    byId('chat-open').addEventListener('click', () => this.drawer(!isShown(byId('drawer'))));
    byId('chat-close').addEventListener('click', () => { this.drawer(false); byId('chat-open').focus(); });
    byId('drawer').addEventListener('keydown', (event) => { if (event.key === 'Escape') { this.drawer(false); byId('chat-open').focus(); } });
    const leaving = closable(byId<HTMLDialogElement>('leaving'));
    byId('leave').addEventListener('click', () => leaving.showModal());
    byId('leave-yes').addEventListener('click', () => { leaving.close(); void this.#room?.leave(); this.left(); });
    document.addEventListener('visibilitychange', () => { if (this.#room && document.visibilityState === 'visible') void devices.wake(); });
  }

  get isOpen(): boolean {
    return this.#stage !== null;
  }

  get isChatOpen(): boolean {
    return this.isOpen && isShown(byId('drawer'));
  }

  open(room: Room): void {
    if (this.#room === room) return;
    this.close();
    this.#room = room;
    show(byId('call'), true);
    document.body.classList.add('in-call');
    this.#stage = new Stage(room, 'agent', () => t('The others will be here in a moment'));
    this.#sleep = stayAwake();
    byId('call-head').focus({ preventScroll: true });
  }

  /** Until somebody's picture is there, or it takes too long. */
  async pictured(): Promise<void> {
    await this.#stage?.pictured(PICTURE_LIMIT_MS);
  }

  close(): void {
    this.#stage?.close();
    this.#stage = null;
    this.#room = null;
    this.#sleep?.();
    this.#sleep = null;
    this.drawer(false);
    this.consent.close();
    this.onAir.close();
    for (const open of document.querySelectorAll<HTMLDialogElement>('dialog[open]')) open.close();
    show(byId('call'), false);
    document.body.classList.remove('in-call');
  }

  render(view: CaseView): void {
    this.consent.set(view.consent);
    this.onAir.now(view.broadcast);
    this.recording(view.session);
  }

  recording(session: SessionView | null): void {
    const running = session?.recording;
    this.#recording.set(running && running.state === 'recording' ? new Date(running.started_at) : null);
  }

  counted(unread: number): void {
    const count = byId('chat-count');
    count.textContent = String(unread);
    show(count, unread > 0);
  }

  drawer(open: boolean): void {
    show(byId('drawer'), open);
    byId('call').classList.toggle('with-drawer', open);
    byId('chat-open').setAttribute('aria-expanded', String(open));
    if (open) { this.opened(); byId('chat-text').focus(); }
  }
}
