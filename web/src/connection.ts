/**
 * The line to the server over which it says what is live. The only file that knows Socket.IO; it knows no page.
 *
 * The socket is a bell, never the only copy: cases are watched by sequence number, and after each reconnection the entries that were missed come first.
 */

import { io, type Socket } from 'socket.io-client';
import type { BroadcastChange, CaseChange, ConsentTold, Entry, GoneTold, InvitedTold, LayersTold, LinesTold, Looked, MemberTold, QueueTold, Reaction, RecordingProgress, Roster, SlotsTold, Speaking, StageTold, TileSize } from './messages';

/** What the server says; shapes in server/api/registry.py, `TOLD`. */
export interface Told {
  entry: Entry;
  queue: QueueTold;
  case: CaseChange;
  roster: Roster;
  slots: SlotsTold;
  speaking: Speaking;
  lines: LinesTold;
  layers: LayersTold;
  gone: GoneTold;
  media: { state: 'away' | 'back'; home: number };
  consent: ConsentTold;
  recording: RecordingProgress;
  session_ended: { session: string };
  broadcast: BroadcastChange;
  desk: Record<string, never>;
  stage: StageTold;
  member: MemberTold;
  invited: InvitedTold;
  bye: { reason: 'signed_out' | 'revoked' | 'restarting'; again_in_s: number };
  /** Made here: whether the line is up. */
  line: { up: boolean };
  /** Made here: the audience is heard from this number on. */
  audience: { session: string; seq: number };
}

type Ack = { ok: true; seq?: number } | { ok: false; code: string; detail: string };
type Listener<K extends keyof Told> = (told: Told[K]) => void;

const EVENTS = ['queue', 'case', 'roster', 'slots', 'layers', 'speaking', 'lines', 'gone', 'media', 'consent', 'recording', 'session_ended', 'broadcast', 'desk', 'stage', 'member', 'invited'] as const;
const ACK_MS = 8000;

export class Connection {
  readonly #socket: Socket;
  readonly #listeners = new Map<keyof Told, Set<Listener<never>>>();
  readonly #watched = new Map<string, number>();
  readonly #held = new Map<string, readonly TileSize[] | null>();
  #isAtDesk = false;
  #audience: string | null = null;
  #stage: string | null = null;
  #isClosed = false;

  /** `as` says whose cookie counts when this browser has two; `audience`: nobody in particular may come in, too, to hear an audience. */
  constructor(as: 'visitor' | 'agent', audience = false) {
    this.#socket = io({
      auth: audience ? { as, audience } : { as },
      transports: ['websocket'], autoConnect: false,
      reconnectionDelay: 400, reconnectionDelayMax: 3000, randomizationFactor: 0.6, timeout: 5000,
    });
    this.#socket.on('connect', () => { this.#tell('line', { up: true }); void this.#resume(); });
    this.#socket.on('disconnect', (reason) => { this.#tell('line', { up: false }); if (reason === 'io server disconnect') this.#comeBack(1); });
    this.#socket.on('entry', (entry: Entry) => this.#entry(entry));
    this.#socket.on('bye', (bye: Told['bye']) => { this.#tell('bye', bye); if (bye.reason === 'restarting') this.#comeBack(bye.again_in_s); });
    for (const name of EVENTS) this.#socket.on(name, (told) => this.#tell(name, told as never));
    addEventListener('online', () => { if (!this.#socket.connected && !this.#isClosed) this.#socket.disconnect().connect(); });
  }

  /** Opens the line; later calls do nothing. */
  open(): this {
    this.#socket.connect();
    return this;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.disconnect();
  }

  /** A new line, as who this browser is now. */
  reopen(): void {
    this.#socket.disconnect().connect();
  }

  get isUp(): boolean {
    return this.#socket.connected;
  }

  on<K extends keyof Told>(name: K, listener: Listener<K>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener<never>));
    return () => listeners.delete(listener as Listener<never>);
  }

  /** Follows a case: entries after `after` come in order and each once, now and after every reconnection. */
  watch(caseId: string, after: number): void {
    this.#watched.set(caseId, Math.max(after, this.#watched.get(caseId) ?? 0));
    if (this.isUp) void this.#watch(caseId);
  }

  unwatch(caseId: string): void {
    this.#watched.delete(caseId);
    if (this.isUp) void this.#ask('unwatch', { case: caseId });
  }

  watchDesk(): void {
    this.#isAtDesk = true;
    if (this.isUp) void this.#ask('watch_desk', {});
  }

  /** This page owns the media connection: its `slots` and `gone` come here. */
  hold(connection: string): void {
    this.#held.set(connection, null);
    if (this.isUp) void this.#ask('hold', { connection });
  }

  /** How large this page shows what comes over a connection that it holds. */
  see(connection: string, tiles: readonly TileSize[]): void {
    if (!this.#held.has(connection)) return;
    this.#held.set(connection, tiles);
    if (this.isUp) void this.#ask('tiles', { connection, tiles });
  }

  letGo(connection: string): void {
    this.#held.delete(connection);
  }

  /** What this page saw of its own line. Nobody needs it later. */
  looked(look: Looked): void {
    if (this.isUp && this.#held.has(look.connection)) void this.#ask('looked', look);
  }

  /** Hears what changes in an audience; `audience` says from which number on, now and after every reconnection. */
  hearAudience(session: string): void {
    this.#audience = session;
    if (this.isUp) void this.#hearAudience(session);
  }

  /** Follows a stage as one who came from its audience: who is there, and how the broadcast stands. */
  watchStage(session: string): void {
    this.#stage = session;
    if (this.isUp) void this.#ask('watch_stage', { session });
  }

  react(session: string, reaction: Reaction, count: number): void {
    if (this.isUp) void this.#ask('react', { session, reaction, count });
  }

  async #hearAudience(session: string): Promise<void> {
    const ack = await this.#ask('audience', { session });
    if (ack.ok) this.#tell('audience', { session, seq: ack.seq ?? 0 });
  }

  async #resume(): Promise<void> {
    if (this.#audience) void this.#hearAudience(this.#audience);
    if (this.#stage) void this.#ask('watch_stage', { session: this.#stage });
    for (const [connection, tiles] of this.#held) {
      void this.#ask('hold', { connection });
      if (tiles) void this.#ask('tiles', { connection, tiles });
    }
    if (this.#isAtDesk) void this.#ask('watch_desk', {});
    for (const caseId of this.#watched.keys()) await this.#watch(caseId);
  }

  async #watch(caseId: string): Promise<void> {
    await this.#ask('watch', { case: caseId, after: this.#watched.get(caseId) ?? 0 });
  }

  async #ask(event: string, body: unknown): Promise<Ack> {
    try {
      return (await this.#socket.timeout(ACK_MS).emitWithAck(event, body)) as Ack;
    } catch {
      return { ok: false, code: 'offline', detail: '' }; // The next connection asks again: #resume.
    }
  }

  #entry(entry: Entry): void {
    const last = this.#watched.get(entry.case);
    if (last === undefined || entry.seq <= last) return;
    this.#watched.set(entry.case, entry.seq);
    this.#tell('entry', entry);
  }

  #comeBack(again_in_s: number): void {
    setTimeout(() => { if (!this.#isClosed) this.#socket.connect(); }, 1000 * again_in_s * (0.5 + Math.random()));
  }

  #tell<K extends keyof Told>(name: K, told: Told[K]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<K>)(told);
  }
}
