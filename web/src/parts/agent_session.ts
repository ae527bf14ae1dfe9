/** The call as agents have it: the pictures, and beside them the case, which never covers the customer. */

import { post, sentence } from '../api';
import { stayAwake } from '../devices';
import { byId, closable, isShown, setText, show, tabs, toast, whileBusy } from '../dom';
import type { CaseView, Outcome, SessionView } from '../messages';
import { page } from '../page';
import { readCase, type Room } from '../room';
import { duration, t } from '../text';
import { answering } from './answered';
import type { CaseLog } from './case_log';
import { caseFacts } from './facts';
import { Chat } from './chat';
import { Consent } from './consent';
import { controls, refused } from './controls';
import { inviting } from './inviting';
import { LinksList } from './links_list';
import { noteField } from './note';
import { OnAirSign } from './on_air';
import { RecordControl } from './record_control';
import { RecordingSign } from './recording_sign';
import { isNews, recordingLines } from './recordings_list';
import { Sources } from './sources';
import { Stage } from './stage';
import { Studio } from './studio';
import { fillTimeline, type Filter } from './timeline';

const PICTURE_LIMIT_MS = 250;

/** What listens to the page for good, so there is one of each, and only once the case is this agent's. */
interface Furniture { chat: Chat; consent: Consent; onAir: OnAirSign; studio: Studio; sign: RecordingSign; record: RecordControl; links: LinksList; sources: Sources }

export class AgentSession {
  readonly #stage: Stage;
  #furniture: Furniture | null = null;
  #filter: Filter = 'all';
  #reading = false;

  /** Shows the pictures; `furnish` adds everything around them. `ended` is told where to go when the session is over for this agent. */
  constructor(readonly room: Room, readonly log: CaseLog, public view: CaseView, readonly ended: (next: string) => void) {
    show(byId('work'), true);
    byId('work').inert = true; // Nothing can be pressed before the case is this agent's.
    document.body.classList.add('in-call');
    this.#stage = new Stage(room, 'customer', () => this.#alone());
    this.#sayWho(view);
  }

  /** Until the customer's picture is there, or it takes too long. */
  pictured(): Promise<void> {
    return this.#stage.pictured(PICTURE_LIMIT_MS);
  }

  /** The case could not be had: as if nothing had been shown. */
  undo(): void {
    this.#stage.close();
    show(byId('work'), false);
    byId('work').inert = false;
    document.body.classList.remove('in-call');
  }

  furnish(view: CaseView): void {
    const { room, log } = this;
    byId('work').inert = false;
    if (room.state === 'ended') { this.#stage.close(); this.ended('/desk'); return; }
    controls(room.devices);
    const consent = new Consent(() => room.session, room.line);
    const onAir = new OnAirSign(() => room.session, room.line);
    const studio = new Studio(room, () => choose('tab-studio'), () => { this.#sayWho(this.view); this.#stage.render(); });
    const chat = new Chat(log, (entry) => entry.actor.kind === 'agent' && [page.me?.id, room.me].includes(entry.actor.id ?? ''), () => isShown(byId('tab-chat')), (unread) => this.#counted(unread));
    this.#furniture = { chat, consent, onAir, studio, sign: new RecordingSign(() => consent.answer !== 'given'), record: new RecordControl(room, log), links: new LinksList(byId('work-links')), sources: new Sources(() => room.session) };
    const choose = tabs(byId('work-tabs'), (id) => { show(byId('note-form'), id !== 'tab-chat' && id !== 'tab-studio'); if (id === 'tab-chat') chat.opened(); if (id === 'tab-timeline') this.#toEnd(); this.#readLinks(); studio.shown(id === 'tab-studio'); });
    choose('tab-timeline');
    this.#follow();
    this.#wire();
    this.render(view);
  }

  render(view: CaseView): void {
    this.view = view;
    this.#sayWho(view);
    byId('work-facts').replaceChildren(...caseFacts(view));
    byId('work-recordings').replaceChildren(...recordingLines(view.recordings, true));
    setText(byId('recordings-count'), String(view.recordings.length));
    show(byId('recordings-count'), view.recordings.length > 0);
    const running = view.session?.recording?.state === 'recording' ? view.session.recording : null;
    this.#furniture?.consent.set(view.consent);
    this.#furniture?.onAir.now(view.broadcast);
    this.#furniture?.studio.told(view.broadcast);
    show(byId('work-answered'), !this.#furniture?.studio.isOwn); // The case of the broadcast itself asks nothing.
    this.#furniture?.sign.set(running ? new Date(running.started_at) : null);
    this.#furniture?.record.running(running?.id ?? null);
    this.#renderTimeline();
  }

  /** What is said where the others' pictures would be. A presenter needs nobody else. */
  #alone(): string {
    if (!this.#furniture) return t('Connecting …');
    return this.#furniture.studio.isOwn ? '' : t('%(name)s is not connected at the moment', { name: this.view.name });
  }

  #sayWho(view: CaseView): void {
    const name = this.#furniture?.studio.isOwn && view.broadcast ? view.broadcast.title : view.name;
    const words: Readonly<Record<string, string>> = { name, number: view.number, topic: view.topic.name, summary: view.summary };
    for (const [key, word] of Object.entries(words)) for (const place of byId('work').querySelectorAll(`[data-${key}]`)) setText(place as HTMLElement, word);
  }

  /** Opens camera and microphone; where one is refused, says what to do. */
  async openDevices(): Promise<void> {
    const why = await this.room.devices.open();
    if (why.camera && why.microphone) refused('camera', why.camera, () => void this.openDevices());
    else if (why.microphone) refused('microphone', why.microphone);
  }

  async refresh(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    await new Promise((done) => setTimeout(done, 120));
    this.#reading = false;
    try { this.render(await readCase(this.view.id)); } catch { /* The line comes back, and with it the next reading. */ }
  }

  #follow(): void {
    const { room, log } = this;
    const sleep = stayAwake();
    const timer = setInterval(() => this.#tick(), 1000);
    this.#tick();
    log.on('loaded', () => { this.#renderTimeline(); this.#toEnd(); });
    log.on('entry', () => this.#renderTimeline());
    room.line.on('case', (told) => { if (told.case === log.id) void this.refresh(); });
    room.line.on('recording', (told) => {
      if (told.state === 'failed' && told.session === room.session) toast(told.code === 'no_space' ? t('The recording stopped: there is too little space left. What was recorded is kept.') : t('The recording stopped: it could not be written. What was recorded is kept.'), 15_000);
      if (isNews(this.view, told)) void this.refresh();
    });
    room.line.on('roster', (told) => { if (told.session === room.session && told.recording !== (this.view.session?.recording?.id ?? null)) void this.refresh(); });
    room.line.on('broadcast', (told) => { if (told.session === room.session) void this.refresh(); });
    room.line.on('line', ({ up }) => { if (up) void this.refresh(); });
    room.on('state', (state) => {
      if (state === 'elsewhere') room.devices.close();
      if (state === 'joining') void this.openDevices();
      if (state === 'ended') { clearInterval(timer); sleep(); this.#stage.close(); this.#furniture?.consent.close(); this.#furniture?.onAir.close(); this.ended(this.#furniture?.studio.afterwards ?? '/desk'); }
    });
  }

  #wire(): void {
    noteField({ form: byId('note-form'), field: byId('note-field'), state: byId('note-state') }, this.log);
    for (const chip of byId('work-filters').querySelectorAll<HTMLElement>('[data-filter]')) chip.addEventListener('click', () => this.#choose(chip.dataset['filter'] as Filter));
    answering(byId('work-answered'), () => this.log.id);
    inviting(byId('invite'), () => this.room.session, () => this.#readLinks());
    const ending = closable(byId<HTMLDialogElement>('ending'));
    byId('end').addEventListener('click', () => { show(byId('end-failed'), false); ending.showModal(); });
    byId('end-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('end-form'), () => this.#endSession(ending)); });
  }

  async #endSession(dialog: HTMLDialogElement): Promise<void> {
    const outcome = new FormData(byId<HTMLFormElement>('end-form')).get('outcome') as Outcome;
    try {
      await post<SessionView>(`/api/v1/sessions/${this.room.session}/end`, { outcome, text: byId<HTMLTextAreaElement>('end-text').value.trim() });
      dialog.close();
      this.room.end();
    } catch (error) {
      setText(byId('end-failed'), sentence(error));
      show(byId('end-failed'), true);
    }
  }

  /** While they are open to see. */
  #readLinks(): void {
    if (!isShown(byId('tab-links'))) return;
    void this.#furniture?.links.read(this.log.id);
    void this.#furniture?.sources.read();
  }

  #choose(filter: Filter): void {
    this.#filter = filter;
    for (const chip of byId('work-filters').querySelectorAll<HTMLElement>('[data-filter]')) chip.setAttribute('aria-pressed', String(chip.dataset['filter'] === filter));
    this.#renderTimeline();
  }

  #renderTimeline(): void {
    const panel = byId('tab-timeline');
    const atEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 80;
    fillTimeline(byId('work-timeline'), this.log.entries, this.#filter);
    if (atEnd) this.#toEnd();
  }

  #toEnd(): void {
    byId('tab-timeline').scrollTop = byId('tab-timeline').scrollHeight;
  }

  #counted(unread: number): void {
    setText(byId('chat-count'), String(unread));
    show(byId('chat-count'), unread > 0);
  }

  #tick(): void {
    const since = this.view.session?.started_at ?? this.view.taken_at;
    if (since) setText(byId('call-time'), duration((Date.now() - Date.parse(since)) / 1000));
  }
}

