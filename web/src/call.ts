/**
 * One peer connection with the media worker: fixed slots, one offer and one answer. Knows no page and no socket.
 *
 * Offered in this order: camera, microphone and screen to send (filled by `replaceTrack`), then 6 pictures and 4 sounds to receive. Nothing is
 * negotiated again while people come and go: the server says who is in which slot. Each m-line costs about 10 ms of joining.
 */

import { Emitter } from './emitter';
import { LAYERS, layersOf, lowestBps, Narrow, RESTING, sending, shape, WIDE_BPS } from './layers';
import { lookBetween, sense, type Look, type Senses } from './looks';
import { comingBetween, HoldBack, lineBetween, type Line, type Reading } from './line';
import type { ConnectionView, LayersOfSource, SlotView, Source, TurnView } from './messages';
import { Recovery } from './recovery';

const PICTURES = 6;
const SOUNDS = 4;
const SOURCES: readonly Source[] = ['camera', 'microphone', 'screen'];
const MAX_BPS: Readonly<Record<Source, number>> = { camera: 2_000_000, microphone: 48_000, screen: 2_500_000 };
/** Of a browser that sends one layer only. What nobody watches yet is small: the first picture after it is there in half the time. */
const UNSEEN_BPS = 600_000;
const UNSEEN_SCALE = 2;
/** So that the first, small picture is on the other side before the large ones cost their time. */
const GROW_AFTER_MS = 500;
/** Everybody else is connected by then; who is not may have a network that needs the TURN server. */
const TURN_AFTER_MS = 2000;
const NEVER_CONNECTED_MS = 15_000;
const LOOK_MS = 500;
const MEASURE_MS = 2500;
/** How often a narrow line is tried, and for how long the browser may send more then. */
const TRY_EVERY_MS = 1500;
const TRY_MS = 800;
const TRY_LOOK_MS = 100;
/** How often the server is told what this page sees and hears. */
const SENSE_MS = 9_500;

export type Tracks = Partial<Record<Source, MediaStreamTrack>>;
export interface Offer { sdp: string; sources: Record<string, Source> }
export type CallState = 'connecting' | 'connected' | 'interrupted' | 'lost' | 'closed';

/** What a call asks of the server about its own connection. `restart` sends the offer of an ICE restart and gives the answer, null when the connection is gone. */
export interface Server {
  restart(connection: string, sdp: string): Promise<string | null>;
  turn(connection: string): Promise<TurnView>;
}

export interface CallEvents {
  state: CallState;
  /** Who is in which slot changed. */
  slots: readonly SlotView[];
  line: Line;
  /** What this page saw of its line in the last ten seconds. */
  look: Look;
}

export class Call extends Emitter<CallEvents> {
  connection = '';
  state: CallState = 'connecting';
  slots: readonly SlotView[] = [];
  readonly #pc: RTCPeerConnection;
  readonly #senders = new Map<Source, RTCRtpTransceiver>();
  readonly #offer: Promise<void>;
  readonly #server: Server;
  readonly #recovery = new Recovery();
  #turn: TurnView | null = null;
  #wasUp = false;
  readonly #holdBack = new HoldBack();
  #reading: Reading | null = null;
  #senses: Senses | null = null;
  #timers: ReturnType<typeof setTimeout>[] = [];
  #restarting = false;
  #isSeen = false;
  #expected = '';
  #asked = RESTING;
  readonly #most = new Map<Source, number>();
  #room_bps: number | null = null;
  readonly #narrow = new Narrow();
  #isNarrow = false;
  #isTrying = false;
  #setting: Promise<void> = Promise.resolve();

  /** Builds the offer at once, so that joining is only one POST later. */
  constructor(server: Server, codec: 'vp8' | 'h264' = 'vp8') {
    super();
    this.#server = server;
    this.#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#pc.addEventListener('connectionstatechange', () => this.#changed());
    for (const source of SOURCES) this.#senders.set(source, this.#pc.addTransceiver(source === 'microphone' ? 'audio' : 'video', { direction: 'sendonly', ...(source === 'camera' && { sendEncodings: layers() }) }));
    for (let slot = 0; slot < PICTURES + SOUNDS; slot += 1) this.#pc.addTransceiver(slot < PICTURES ? 'video' : 'audio', { direction: 'recvonly' });
    for (const one of this.#pc.getTransceivers()) preferCodec(one, codec);
    this.#offer = this.#pc.setLocalDescription();
  }

  /** Joins: `send` posts the offer and gives the server's answer. */
  async join(send: (offer: Offer) => Promise<ConnectionView>): Promise<ConnectionView> {
    await this.#offer;
    const sources = Object.fromEntries([...this.#senders].map(([source, one]) => [one.mid ?? '', source]));
    const answer = await send({ sdp: this.#pc.localDescription?.sdp ?? '', sources });
    this.connection = answer.connection;
    this.setSlots(answer.slots);
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
    for (const source of SOURCES) void this.#limit(source);
    this.#later(() => void this.#measure(), 1500);
    this.#keepTurn(answer.turn ?? null);
    setTimeout(() => { if (!this.#wasUp) this.#become('lost'); }, NEVER_CONNECTED_MS);
    setTimeout(() => { if (!this.#wasUp && this.#turn) void this.restart(); }, TURN_AFTER_MS);
    setTimeout(() => void this.#look(), LOOK_MS);
    return answer;
  }

  /** Puts a track on its way, or takes it off again. Needs no negotiation. */
  async send(source: Source, track: MediaStreamTrack | null): Promise<void> {
    const sender = this.#senders.get(source)?.sender;
    if (sender?.track === track) return; // Asking the browser for nothing takes a while, too.
    if (track && source !== 'microphone') track.contentHint = source === 'screen' ? 'detail' : 'motion';
    await sender?.replaceTrack(track);
    if (track && this.connection) void this.#limit(source); // Another camera may have pictures of another size.
  }

  /** Whether others can see this person: on a stage the camera sends all it has, while waiting a small picture. */
  setSeen(seen: boolean): void {
    if (seen === this.#isSeen) return;
    this.#isSeen = seen;
    if (!this.#senders.get('camera')?.sender.track) return; // Said when there is a track.
    if (seen) this.#later(() => void this.#limit('camera'), GROW_AFTER_MS);
    else void this.#limit('camera');
  }

  /** The server is about to put this participant into the first slots: their tracks count as theirs until it says who is where. "" is nobody. */
  expect(participant: string): void {
    this.#expected = participant;
  }

  /** Which layers of the camera somebody watches, and how much the viewers' lines carry of a picture that has no layers. */
  setLayers(sources: readonly LayersOfSource[]): void {
    for (const [source, { mid }] of this.#senders) {
      const told = sources.find((one) => one.mid === mid);
      if (!told) continue;
      if (source === 'camera' && told.rids.length) this.#asked = told.rids;
      this.#most.set(source, told.limit_bps ?? Infinity);
      void this.#limit(source);
    }
  }

  setSlots(slots: readonly SlotView[]): void {
    this.slots = slots;
    if (slots.some((slot) => slot.participant)) this.#expected = '';
    this.tell('slots', slots);
  }

  /** Whether this picture comes in a slot that the server has paused, because the line here carries no more. */
  isPaused(participant: string, source: Source): boolean {
    return this.slots.some((slot) => slot.paused && slot.participant === participant && slot.source === source);
  }

  /** What comes in, by participant. */
  people(): Map<string, Tracks> {
    const found = new Map<string, Tracks>();
    const first = (kind: string): MediaStreamTrack | undefined => this.#pc.getTransceivers().find(({ direction, receiver }) => direction === 'recvonly' && receiver.track.kind === kind)?.receiver.track;
    const [camera, microphone] = [first('video'), first('audio')];
    if (this.#expected && camera && microphone) found.set(this.#expected, { camera, microphone });
    for (const slot of this.slots) {
      const track = this.#pc.getTransceivers().find((one) => one.mid === slot.mid)?.receiver.track;
      if (slot.participant && slot.source && track) found.set(slot.participant, { ...found.get(slot.participant), [slot.source]: track });
    }
    return found;
  }

  /** New ICE credentials on the same connection: another network, or a path that died. DTLS and SRTP stay, and the old path until the new one works. */
  async restart(): Promise<void> {
    if (this.#restarting || !this.connection || this.state === 'closed') return;
    this.#restarting = true;
    this.#recovery.begun();
    try {
      if (this.#turn && (!this.#wasUp || this.#recovery.tries > 0)) this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers: [this.#turn] });
      this.#pc.restartIce();
      await this.#pc.setLocalDescription();
      const sdp = await this.#server.restart(this.connection, this.#pc.localDescription?.sdp ?? '');
      if (sdp === null) this.#become('lost');
      else await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    } catch { // No network at all, for the moment; the old path may come back by itself.
      if (this.#pc.signalingState === 'have-local-offer') await this.#pc.setLocalDescription({ type: 'rollback' }).catch(() => {});
    } finally {
      this.#restarting = false;
      this.#recovery.ended(performance.now());
    }
  }

  /** The network is another one, or back again: looks for a way at once. */
  hurry(): void {
    this.#recovery.hurry();
    if (this.#wasUp) void this.restart();
  }

  async stats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  close(): void {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#pc.close();
    this.#become('closed');
  }

  #changed(): void {
    if (this.#pc.connectionState === 'connected') { this.#wasUp = true; this.#become('connected'); }
  }

  /** Twice a second: is there anything from the server? */
  async #look(): Promise<void> {
    if (this.#isOver()) return;
    if (this.#wasUp) this.#recover(await heard(this.#pc));
    setTimeout(() => void this.#look(), LOOK_MS);
  }

  #recover(received: number): void {
    if (this.#isOver()) return;
    const advice = this.#recovery.look(received, this.#pc.connectionState === 'connected', performance.now());
    if (advice === 'fine') this.#become('connected');
    if (advice === 'silent') this.#become('interrupted');
    if (advice === 'silent' || advice === 'restart') void this.restart();
  }

  #isOver(): boolean {
    return this.state === 'closed' || this.state === 'lost';
  }

  /** Credentials of the TURN server, which end; new ones come in time, for a restart that may need them when nothing else works. */
  #keepTurn(turn: TurnView | null): void {
    if (!turn || turn.urls.length === 0) return;
    this.#turn = turn;
    setTimeout(() => void this.#renewTurn(), turn.expires_in_s * 800);
  }

  async #renewTurn(): Promise<void> {
    if (this.#isOver() || !this.#turn) return;
    this.#keepTurn(await this.#server.turn(this.connection).catch(() => this.#turn && { ...this.#turn, expires_in_s: 60 }));
  }

  #become(state: CallState): void {
    if (this.state === state || this.state === 'closed') return;
    this.state = state;
    this.tell('state', state);
  }

  #later(work: () => void, delay_ms: number): void {
    if (this.state !== 'closed') this.#timers.push(setTimeout(work, delay_ms));
  }

  /** One after the other: parameters that were read before others were set are refused. */
  #limit(source: Source): Promise<void> {
    this.#setting = this.#setting.then(() => this.#set(source)).catch(() => {}); // Firefox refuses some of it; the defaults are fine.
    return this.#setting;
  }

  async #set(source: Source): Promise<void> {
    const sender = this.#senders.get(source)?.sender;
    const parameters = sender?.getParameters();
    const [first, ...more] = parameters?.encodings ?? [];
    if (!sender || !parameters || !first) return;
    if (more.length) { if (this.#choose(parameters)) await sender.setParameters(parameters); return; }
    const isSmall = source === 'camera' && !this.#isSeen;
    first.maxBitrate = Math.min(isSmall ? UNSEEN_BPS : MAX_BPS[source], this.#most.get(source) ?? Infinity);
    if (source === 'camera') first.scaleResolutionDownBy = isSmall ? UNSEEN_SCALE : 1;
    if (source === 'screen') parameters.degradationPreference = 'maintain-resolution'; // Text that can be read, before movement.
    if (source === 'microphone') first.networkPriority = 'high';
    await sender.setParameters(parameters);
  }

  #choose({ encodings }: RTCRtpSendParameters): boolean {
    const { width = 1280, height = 720 } = this.#senders.get('camera')?.sender.track?.getSettings() ?? {};
    const count = layersOf(width, height);
    return shape(encodings, sending(this.#asked, this.#room_bps, this.#isNarrow, count), count, lowestBps(this.#isNarrow, this.#isTrying));
  }

  /** Has the browser find out whether a narrow line carries more by now. */
  async #try(): Promise<void> {
    this.#isTrying = true;
    await this.#limit('camera');
    for (const end_ms = performance.now() + TRY_MS; this.#isNarrow && this.state !== 'closed' && performance.now() < end_ms;) {
      await new Promise((done) => setTimeout(done, TRY_LOOK_MS));
      this.#isNarrow = this.#narrow.next(read(await this.#pc.getStats()).room_up_bps);
    }
    if (!this.#isNarrow) this.#room_bps = WIDE_BPS; // What was seen for a moment holds when it is used, one layer after the other.
    this.#isTrying = false;
    await this.#limit('camera');
  }

  async #measure(): Promise<void> {
    const stats = await this.#pc.getStats();
    const reading = read(stats);
    this.#room_bps = reading.room_up_bps;
    const wasNarrow = this.#isNarrow;
    this.#isNarrow = this.#narrow.next(reading.room_up_bps);
    if (this.#senders.get('camera')?.sender.track) void (this.#isNarrow && wasNarrow ? this.#try() : this.#limit('camera'));
    if (this.#reading && this.state === 'connected') {
      this.#holdAll(this.#holdBack.next(comingBetween(this.#reading, reading), reading.at_ms));
      this.tell('line', lineBetween(this.#reading, reading));
    }
    this.#reading = reading;
    this.#sense(sense(stats, reading.at_ms));
    this.#timers = [];
    this.#later(() => void this.#measure(), this.#isNarrow ? TRY_EVERY_MS : MEASURE_MS);
  }

  #sense(senses: Senses): void {
    const before = this.#senses;
    if (before && senses.at_ms - before.at_ms < SENSE_MS) return;
    this.#senses = senses;
    if (before && this.state === 'connected') this.tell('look', lookBetween(before, senses));
  }

  #holdAll(target_ms: number | null): void {
    for (const { receiver, direction } of this.#pc.getTransceivers()) {
      const one = receiver as RTCRtpReceiver & { jitterBufferTarget?: number | null };
      if (direction === 'recvonly' && one.jitterBufferTarget !== target_ms) one.jitterBufferTarget = target_ms;
    }
  }
}

/** As a new connection has them: nobody watches yet. */
function layers(): RTCRtpEncodingParameters[] {
  return LAYERS.map((layer) => ({ ...layer, active: RESTING.includes(layer.rid) }));
}

/** VP8 first (or H.264), and nothing that the server does not forward: a smaller offer is a faster one. */
function preferCodec(transceiver: RTCRtpTransceiver, first: 'vp8' | 'h264'): void {
  if (transceiver.receiver.track.kind !== 'video' || !('setCodecPreferences' in transceiver)) return;
  const rank = ({ mimeType, sdpFmtpLine = '' }: RTCRtpCodec): number => {
    if (mimeType === 'video/VP8') return first === 'vp8' ? 0 : 2;
    if (mimeType === 'video/H264') return /profile-level-id=42(e0|00)/i.test(sdpFmtpLine) && sdpFmtpLine.includes('packetization-mode=1') ? 1 : -1;
    return mimeType === 'video/rtx' ? 3 : -1;
  };
  const able = transceiver.direction === 'sendonly' ? RTCRtpSender.getCapabilities('video') : RTCRtpReceiver.getCapabilities('video');
  const wanted = (able?.codecs ?? []).filter((codec) => rank(codec) >= 0).sort((one, other) => rank(one) - rank(other));
  try {
    if (wanted.some((codec) => rank(codec) < 3)) transceiver.setCodecPreferences(wanted);
  } catch { /* The browser's own order works, too. */ }
}

/** Packets that came over any path so far, answers to the browser's own checks among them. */
async function heard(pc: RTCPeerConnection): Promise<number> {
  let received = 0;
  (await pc.getStats()).forEach((one: Record<string, unknown>) => {
    if (one['type'] === 'candidate-pair') received += Number(one['bytesReceived'] ?? 0) + Number(one['responsesReceived'] ?? 0);
  });
  return received;
}

function read(stats: RTCStatsReport): Reading {
  const reading: Reading = { at_ms: performance.now(), received: 0, lost: 0, packets: 0, asked: 0, stuck: 0, loss_up: 0, delay_ms: 0, room_up_bps: null };
  stats.forEach((one: Record<string, unknown>) => {
    const number = (name: string): number => Number(one[name] ?? 0);
    if (one['type'] === 'inbound-rtp') { reading.received += number('packetsReceived'); reading.lost += Math.max(0, number('packetsLost')); }
    if (one['type'] === 'inbound-rtp' && one['kind'] === 'video') { reading.packets += number('packetsReceived'); reading.asked += number('nackCount'); reading.stuck += number('freezeCount') + number('framesDropped'); }
    if (one['type'] === 'remote-inbound-rtp') reading.loss_up = Math.max(reading.loss_up, number('fractionLost'));
    if (one['type'] === 'candidate-pair' && one['nominated'] === true && one['state'] === 'succeeded') {
      reading.delay_ms = number('currentRoundTripTime') * 1000;
      if (one['availableOutgoingBitrate'] !== undefined) reading.room_up_bps = number('availableOutgoingBitrate');
    }
  });
  return reading;
}
