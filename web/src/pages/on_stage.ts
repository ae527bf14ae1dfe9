/**
 * On stage from the audience, in the audience's own page: devices are tried, then one is asked, then one is there. Fetched by `parts/stage_turn.ts`.
 *
 * Nothing is sent, and no connection made, before a yes to being seen. All that is made here ends with `end`, and the page may turn again.
 */

import { get, remove, sentence } from '../api';
import { Connection } from '../connection';
import { Devices, stayAwake } from '../devices';
import { announce, byId, closable, setText, show, toast, whileBusy } from '../dom';
import type { ConsentAnswer, StageCall, StagePlace } from '../messages';
import { Consent } from '../parts/consent';
import { controls } from '../parts/controls';
import { DeviceCheck, type Part } from '../parts/device_check';
import { OnAirSign } from '../parts/on_air';
import { RecordingSign } from '../parts/recording_sign';
import { Stage } from '../parts/stage';
import { page } from '../page';
import { Room } from '../room';
import { t } from '../text';

/** `over`: the reader watches again; `changed`: whether they are still called has to be read. */
export interface Hooks { over: () => void; changed: () => void }

export class OnStage {
  readonly #line = new Connection(page.as);
  readonly #devices = new Devices();
  readonly #check: DeviceCheck;
  readonly #consent: Consent;
  readonly #onAir: OnAirSign;
  readonly #recording: RecordingSign;
  readonly #wake = (): void => { if (this.#room && !document.hidden) void this.#devices.wake(); };
  #place: StagePlace | null = null;
  #room: Room | null = null;
  #stage: Stage | null = null;
  #sleep: (() => void) | null = null;
  #isOver = false;
  #part: Part = 'watch';

  /** In the page is what `_on_stage.html.jinja` holds. `key`: where this browser's tab keeps that it is on stage, for a reload. */
  constructor(readonly call: StageCall, readonly key: string, readonly hooks: Hooks) {
    const session = (): string => call.session;
    this.#check = new DeviceCheck(this.#devices, (part) => { this.#part = part; if (!this.#isOver) show(byId('backstage-on'), true); });
    this.#consent = new Consent(session, this.#line);
    this.#onAir = new OnAirSign(session, this.#line, (said) => this.#answered(said), { refused: t('Good. You go on watching, and nobody sees or hears you.') });
    this.#recording = new RecordingSign(() => this.#consent.answer !== 'given');
    controls(this.#devices);
    this.#wire();
    this.#follow();
    void this.#open();
  }

  #wire(): void {
    byId('backstage-on').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#ask()));
    byId('backstage-no').addEventListener('click', (event) => void whileBusy(event.currentTarget as HTMLElement, () => this.#leave()));
    const leaving = closable(byId<HTMLDialogElement>('leaving'));
    byId('leave').addEventListener('click', () => leaving.showModal());
    byId('leave-yes').addEventListener('click', () => { leaving.close(); void this.#leave(); });
    document.addEventListener('visibilitychange', this.#wake);
  }

  #follow(): void {
    const { session } = this.call;
    const again = (told: { session: string }): void => { if (told.session === session) void this.#refresh(); };
    this.#line.on('broadcast', again);
    this.#line.on('recording', again);
    this.#line.on('roster', (told) => { if (told.session === session && (told.recording ?? null) !== (this.#place?.session.recording?.id ?? null)) void this.#refresh(); });
    this.#line.on('session_ended', (told) => { if (told.session === session) this.hooks.changed(); });
    this.#line.on('line', ({ up }) => { if (up && this.#place) void this.#refresh(); });
    this.#line.on('bye', () => this.hooks.changed());
    this.#line.open();
    this.#line.watchStage(session);
  }

  async #open(): Promise<void> {
    await this.#read();
    const part = sessionStorage.getItem(this.key) as Part | null;
    if (part && this.#hasAgreed()) { this.#part = part; this.#enter(); return; }
    this.#check.open();
    byId('backstage-head').focus();
    announce(t('You are invited on stage'));
    await this.#check.resume().catch(() => {});
  }

  /** Whether the stage could be read. */
  async #read(): Promise<boolean> {
    try {
      this.#place = await get<StagePlace>(`/api/v1/broadcasts/${this.call.session}/stage`);
      if (!this.#isOver) show(byId('backstage-failed'), false);
      return true;
    } catch (error) {
      if (!this.#isOver) this.#failed(error);
      this.hooks.changed();
      return false;
    }
  }

  async #refresh(): Promise<void> {
    if (await this.#read() && this.#room) this.#render(this.#room);
  }

  #render(room: Room): void {
    const place = this.#place;
    if (!place || this.#isOver) return;
    room.setPeople(place.session.participants);
    this.#consent.set(place.consent);
    this.#onAir.now(place.broadcast);
    const { recording } = place.session;
    this.#recording.set(recording?.state === 'recording' ? new Date(recording.started_at) : null);
  }

  /** Also who took it back later: they stay on stage, unseen by the audience. */
  #hasAgreed(): boolean {
    const answer = this.#place?.broadcast?.consent?.answer;
    return answer === 'given' || answer === 'withdrawn';
  }

  /** The question comes before anybody is let in; the answer leads on. */
  async #ask(): Promise<void> {
    if (!await this.#read()) return;
    const consent = this.#place?.broadcast?.consent ?? null;
    if (this.#hasAgreed()) this.#enter();
    else if (consent) this.#onAir.ask(consent.wording, consent.wording_version);
  }

  #answered(said: ConsentAnswer): void {
    if (this.#isOver || this.#room) return;
    if (said === 'given') this.#enter();
    else void this.#leave();
  }

  #enter(): void {
    const place = this.#place;
    if (!place || this.#room || this.#isOver) return;
    sessionStorage.setItem(this.key, this.#part);
    const room = this.#room = new Room(this.call.session, this.#line, this.#devices);
    room.me = place.session.me;
    void room.join(); // First of all: the rest is done while the request is on its way.
    room.on('state', (state) => {
      if (state === 'elsewhere') this.#devices.close(); // A phone opens its camera for one tab only.
      if (state === 'joining') void this.#openDevices();
      if (state === 'ended' && !this.#isOver) this.hooks.over();
    });
    this.#check.close();
    show(byId('backstage'), false);
    show(byId('on-stage'), true);
    this.#stage = new Stage(room, 'agent', () => t('The others will be here in a moment'));
    this.#sleep = stayAwake();
    this.#render(room);
    byId('on-stage-head').focus({ preventScroll: true });
    if (!this.#devices.isOn('camera') && !this.#devices.isOn('microphone')) void this.#openDevices();
  }

  async #openDevices(): Promise<void> {
    if (this.#part === 'all') await this.#devices.open();
    if (this.#part === 'sound') await this.#devices.start('microphone');
  }

  /** Off the stage, or not on it at all; the call is over. */
  async #leave(): Promise<void> {
    try {
      const room = this.#room;
      this.#isOver = room !== null; // What ends now ends by itself.
      await room?.leave();
      await remove(`/api/v1/broadcasts/${this.call.session}/members/${this.call.member}/stage`);
    } catch (error) {
      toast(sentence(error));
    }
    this.hooks.over();
  }

  #failed(error: unknown): void {
    setText(byId('backstage-failed'), sentence(error));
    show(byId('backstage-failed'), true);
  }

  /** Nothing of the stage goes on in this page. */
  end(): void {
    this.#isOver = true;
    document.removeEventListener('visibilitychange', this.#wake);
    this.#check.close();
    this.#recording.set(null);
    this.#consent.close();
    this.#onAir.close();
    this.#stage?.close();
    this.#sleep?.();
    this.#room?.end();
    this.#devices.end();
    this.#line.close();
  }
}
