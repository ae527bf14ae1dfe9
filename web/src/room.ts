/**
 * One person's presence in one session: joins, stays, comes back. Puts call, devices and the line to the server together; knows no page.
 *
 * An agent's standby room has no session yet: it is connected from the desk, and `enter` names the session once a case is taken.
 */

import { get, isCode, patch, post, put, remove } from './api';
import { Call, type CallState, type Server, type Tracks } from './call';
import type { Connection } from './connection';
import type { Devices } from './devices';
import { Emitter } from './emitter';
import type { Line } from './line';
import type { CaseView, ConnectionView, ParticipantView, PersonLine, RestartView, SessionView, Source, Speaking, TileSize, TurnView } from './messages';

/** `elsewhere`: another tab of the same person took over. `away`: the media worker is being restarted. `busy`: it takes nobody new at the moment. */
export type RoomState = 'joining' | 'connected' | 'reconnecting' | 'away' | 'busy' | 'elsewhere' | 'full' | 'ended';

export interface RoomEvents {
  state: RoomState;
  /** Who is here, or what they send, changed. */
  people: readonly ParticipantView[];
  line: Line;
  speaking: Speaking;
  /** How the lines are: everybody's for agents, one's own for the others. */
  lines: readonly PersonLine[];
}

const BUSY_MS = 8000;
const codec = (): 'vp8' | 'h264' => (new URLSearchParams(location.search).get('codec') === 'h264' ? 'h264' : 'vp8');
/** A request that got lost with the network must not keep the next one waiting. */
const LIMIT_MS = 4000;
/** A connection that was kept open over an outage sends again only after many seconds: the next try has a new one. */
const RESTART_LIMIT_MS = 2000;
const server: Server = {
  restart: (connection, sdp) => patch<RestartView>(`/api/v1/connections/${connection}`, { sdp }, RESTART_LIMIT_MS)
    .then((answer) => answer.sdp, (error: unknown) => { if (isCode(error, 'not_found')) return null; throw error; }),
  turn: (connection) => get<TurnView>(`/api/v1/connections/${connection}/turn`),
};

/** In dots of the screen; nothing while nobody can see it. */
export interface Size { width: number; height: number }

export class Room extends Emitter<RoomEvents> {
  state: RoomState = 'joining';
  me: string | null = null;
  /** The media worker that the connection is at. */
  home: number | null = null;
  people: readonly ParticipantView[] = [];
  #call: Call = new Call(server, codec());
  #next: Call | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #joining = false;
  #wasAsked = false;
  #isPrepared = false;
  #saying = false;
  /** Of whichever session: it may be told before this room knows which one it entered. */
  #lastSpeaking: Speaking | null = null;
  /** A page that is hidden paints no pictures, and would call all of them frozen. */
  #wasHidden = document.hidden;
  #unsaid = false;
  #tiles: ReadonlyMap<string, Size> | null = null;
  #seen = '';
  readonly #ends: (() => void)[] = [];

  constructor(public session: string | null, readonly line: Connection, readonly devices: Devices) {
    super();
    this.#ends.push(
      devices.on('change', (source) => void this.#devicesChanged(source)),
      line.on('slots', (told) => { if (told.connection === this.#call.connection) this.#call.setSlots(told.slots); }),
      line.on('layers', (told) => { if (told.connection === this.#call.connection) this.#call.setLayers(told.sources); }),
      line.on('gone', (told) => { if (told.connection === this.#call.connection) this.#gone(told.reason); }),
      line.on('roster', (told) => { if (told.session === this.session) this.setPeople(told.participants); }),
      line.on('speaking', (told) => { this.#lastSpeaking = told; this.#saySpeaking(); }),
      line.on('lines', (told) => { if (told.session === this.session) this.tell('lines', told.lines); }),
      line.on('media', (told) => { if (this.home === null || told.home === this.home) this.#media(told.state); }),
      line.on('session_ended', (told) => { if (told.session === this.session) this.end(); }),
    );
    this.#ends.push(onNetwork(() => this.#hurry()), line.on('line', ({ up }) => { if (up && this.state === 'reconnecting') this.#hurry(); }));
    const hide = (): void => { this.#wasHidden ||= document.hidden; };
    document.addEventListener('visibilitychange', hide);
    this.#ends.push(() => document.removeEventListener('visibilitychange', hide));
    this.#listen(this.#call);
  }

  /** Connects before the person comes in, so that the pictures are there at once when they do. Nobody sees or hears them yet. */
  async prepare(): Promise<void> {
    if (this.#joining || this.#wasAsked) return;
    this.#joining = true;
    try {
      const answer = await this.#call.join((offer) => post<ConnectionView>(`/api/v1/sessions/${this.session}/prepared`, offer));
      this.home = answer.home;
      this.#hold(answer.connection);
      this.#isPrepared = true;
    } catch { /* Joining will say what is wrong. */ } finally {
      this.#joining = false;
    }
    if (this.#wasAsked) await this.join(); // The click came meanwhile.
  }

  /** Joins, or joins again; keeps trying with growing pauses until it works or cannot work. */
  async join(): Promise<void> {
    this.#wasAsked = true;
    if (this.#joining || this.state === 'ended') return;
    this.#joining = true;
    const { session } = this;
    clearTimeout(this.#retry);
    try {
      if (await this.#enterPrepared()) return;
      if (this.#call.connection || this.#call.state === 'closed') this.#renewCall();
      await this.#sendTracks(); // Before the answer: the first picture leaves with the last word of the handshake.
      const answer = await this.#call.join((offer) => post<ConnectionView>(this.session ? `/api/v1/sessions/${this.session}/connections` : '/api/v1/connections', offer, this.state === 'reconnecting' ? LIMIT_MS : undefined));
      this.me = answer.participant ?? this.me;
      this.home = answer.home;
      this.#saySeen();
      this.#hold(answer.connection);
      void this.#sayState();
      this.#attempt = 0;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#joining = false;
    }
    if (this.session !== session && this.#attempt === 0) await this.join(); // A case was taken while the standby connection was being made.
  }

  /** Comes in with the prepared connection; false when there is none, or it is not good any more. */
  async #enterPrepared(): Promise<boolean> {
    if (!this.#isPrepared) return false;
    this.#isPrepared = false;
    if (!this.isConnected) return false;
    const session = await post<SessionView>(`/api/v1/sessions/${this.session}/connections/${this.connection}/enter`)
      .catch((error: unknown) => { if (isCode(error, 'not_found', 'media_away')) return null; throw error; });
    if (!session) return false;
    this.enter(session);
    this.#become('connected');
    return true;
  }

  /** The standby connection goes on stage of a session. */
  enter(session: SessionView): void {
    this.session = session.id;
    this.me = session.me;
    this.setPeople(session.participants);
    this.#saySpeaking();
    void this.#sendTracks().then(() => this.#sayState());
  }

  /** Who speaks now, as far as this page was told. */
  get speaking(): Speaking | null {
    return this.#lastSpeaking?.session === this.session ? this.#lastSpeaking : null;
  }

  #saySpeaking(): void {
    if (this.speaking) this.tell('speaking', this.speaking);
  }

  get connection(): string {
    return this.#call.connection;
  }

  get isConnected(): boolean {
    return this.#call.state === 'connected';
  }

  /** Picture and sound that come in, by participant. */
  tracks(): Map<string, Tracks> {
    return this.#call.people();
  }

  /** Whether a picture is paused, because this page's own line carries no more. */
  isPaused(participant: string, source: Source): boolean {
    return this.#call.isPaused(participant, source);
  }

  stats(): Promise<RTCStatsReport> {
    return this.#call.stats();
  }

  /** Shows whoever is about to come in at once, without waiting until the server has said in which slot. "" is nobody. */
  expect(participant: string): void {
    this.#call.expect(participant);
  }

  /** How large the page shows the pictures, by person and source ("id:camera"). */
  see(tiles: ReadonlyMap<string, Size>): void {
    this.#tiles = tiles;
    this.#saySizes();
  }

  setPeople(people: readonly ParticipantView[]): void {
    this.people = people;
    this.#saySeen();
    this.tell('people', people);
  }

  /** Takes the call back from another tab. */
  async takeBack(): Promise<void> {
    this.#become('joining');
    await this.join();
  }

  /** Out of the session, in order. */
  async leave(): Promise<void> {
    const { session } = this;
    this.end();
    if (session) await post(`/api/v1/sessions/${session}/leave`).catch(() => {}); // Gone already is as good.
    else if (this.connection) await remove(`/api/v1/connections/${this.connection}`).catch(() => {});
  }

  /** The session is over, or this page is done with it. */
  end(): void {
    clearTimeout(this.#retry);
    this.#become('ended');
    this.line.letGo(this.#call.connection);
    this.#call.close();
    this.#next?.close();
    this.#ends.splice(0).forEach((end) => end());
  }

  #saySeen(): void {
    this.#call.setSeen(this.people.some((one) => one.id === this.me && one.on_stage));
  }

  #hold(connection: string): void {
    this.line.hold(connection);
    this.#seen = ''; // What was said before the line knew the connection was said to nobody.
    this.#saySizes();
  }

  #saySizes(): void {
    const { connection } = this;
    if (!this.#tiles || !connection) return;
    const tiles: TileSize[] = [];
    for (const slot of this.#call.slots) {
      const size = this.#tiles.get(`${slot.participant}:${slot.source}`);
      if (size && slot.kind === 'video') tiles.push({ mid: slot.mid, ...size });
    }
    const said = JSON.stringify([connection, tiles]);
    if (said === this.#seen) return;
    this.#seen = said;
    this.line.see(connection, tiles);
  }

  #renewCall(): void {
    this.line.letGo(this.#call.connection);
    this.#call.close();
    this.#call = this.#next ?? new Call(server, codec());
    this.#next = null;
    this.#listen(this.#call);
    this.#saySeen();
  }

  #listen(call: Call): void {
    call.on('slots', () => { this.tell('people', this.people); this.#saySizes(); });
    call.on('line', (line) => this.tell('line', line));
    call.on('look', (look) => {
      const wasHidden = this.#wasHidden;
      this.#wasHidden = document.hidden;
      if (call === this.#call && this.state === 'connected' && !wasHidden) this.line.looked({ connection: call.connection, ...look });
    });
    call.on('state', (state) => { if (call === this.#call) this.#callState(state); });
  }

  #callState(state: CallState): void {
    if (!this.#wasAsked) return;
    if (state === 'connected') this.#become('connected');
    if (state === 'interrupted') this.#become('reconnecting');
    if (state === 'lost') { this.#become('reconnecting'); this.#again(); }
  }

  #gone(reason: string): void {
    if (!this.#wasAsked) { this.#isPrepared = false; return; }
    if (reason === 'replaced') { this.#call.close(); this.#become('elsewhere'); }
    else if (reason !== 'ended') { this.#become('reconnecting'); this.#again(); }
  }

  #media(state: 'away' | 'back'): void {
    if (!this.#wasAsked || ['ended', 'elsewhere'].includes(this.state)) return; // Nobody joins who has not come in yet.
    this.#become('away');
    if (state === 'away') this.#next ??= new Call(server, codec()); // Its offer takes 0.1 to 0.3 s: it is made while the worker starts.
    else { this.#attempt = 0; clearTimeout(this.#retry); void this.join(); }
  }

  #failed(error: unknown): void {
    if (isCode(error, 'session_full')) this.#become('full');
    else if (isCode(error, 'session_ended', 'case_closed', 'not_found', 'forbidden', 'not_signed_in', 'consent_needed')) this.end();
    else if (isCode(error, 'busy')) { this.#become('busy'); this.#again(BUSY_MS, BUSY_MS); }
    else { if (isCode(error, 'media_away')) this.#become('away'); else this.#become('reconnecting'); this.#again(isCode(error, 'offline') ? 2000 : 8000); }
  }

  /** The network is another one, or back again: what waits for its next try is tried now. */
  #hurry(): void {
    if (this.#call.state !== 'lost' && this.#call.connection) { this.#call.hurry(); return; }
    if (this.#wasAsked && this.state === 'reconnecting') { this.#attempt = 0; this.#again(0); }
  }

  /** While the server cannot be reached at all it has no trouble with short pauses (`most_ms`). */
  #again(most_ms = 8000, least_ms = 0): void {
    if (['ended', 'elsewhere'].includes(this.state)) return;
    clearTimeout(this.#retry);
    const pause_ms = Math.max(least_ms, Math.min(most_ms, 400 * 2 ** this.#attempt)) * (0.5 + Math.random());
    this.#attempt += 1;
    this.#retry = setTimeout(() => void this.join(), pause_ms);
  }

  #become(state: RoomState): void {
    if (this.state === state || this.state === 'ended') return;
    this.state = state;
    this.tell('state', state);
  }

  async #sendTracks(): Promise<void> {
    for (const source of ['camera', 'microphone', 'screen'] as const) await this.#call.send(source, this.devices.tracks[source] ?? null);
  }

  async #devicesChanged(source: Source): Promise<void> {
    if (this.state === 'elsewhere' || this.state === 'ended') return; // The other tab says what is on.
    const track = this.devices.tracks[source];
    await this.#call.send(source, track?.readyState === 'live' ? track : null);
    await this.#sayState();
  }

  /** One at a time, the newest last: two on their way could overtake each other, and the others would keep the older one. */
  async #sayState(): Promise<void> {
    this.#unsaid = true;
    if (this.#saying) return;
    this.#saying = true;
    while (this.#unsaid && this.session && this.#call.connection) {
      this.#unsaid = false;
      await put(`/api/v1/sessions/${this.session}/state`, this.devices.state).catch(() => {}); // The next join says it again.
    }
    this.#saying = false;
  }
}

/** Calls when the network came back or is of another kind; ends with the returned function. Browsers without `type` say the first only. */
function onNetwork(changed: () => void): () => void {
  const information = (navigator as Navigator & { connection?: EventTarget & { type?: string } }).connection;
  let { type } = information ?? {};
  const change = (): void => { if (information?.type !== type) { ({ type } = information ?? {}); changed(); } };
  addEventListener('online', changed);
  information?.addEventListener('change', change);
  return () => { removeEventListener('online', changed); information?.removeEventListener('change', change); };
}

/** The case as its reader may see it now. */
export const readCase = (id: string): Promise<CaseView> => get<CaseView>(`/api/v1/cases/${id}`);
