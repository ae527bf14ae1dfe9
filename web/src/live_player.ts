/** Plays one stream in a `<video>`, live or long over, and gets on by itself after whatever went wrong. Knows no page. */

import type Hls from 'hls.js';
import type { ErrorData, HlsConfig, LevelDetails } from 'hls.js';
import { Emitter } from './emitter';
import { Steering } from './steering';
import { isNear, startOf, tryAgain_ms, type Place } from './watching';

export interface Level { height: number; chosen: boolean }

interface Events {
  /** Pictures come, or nothing came for a while and nothing helps at the moment. */
  line: { isCutOff: boolean };
  /** Renditions one may choose between. */
  levels: readonly Level[];
  /** This browser cannot play it. */
  unable: Record<string, never>;
}

/** Where `hls.js` is served, and where the stream is. */
export interface Addresses { hls: string; stream: string }

const STUCK_MS = 6000;
/** A first picture may take longer, on a slow line or in a busy browser: beginning anew would make it later still. */
const FIRST_MS = 20_000;
const LOOK_MS = 500;
/** Further behind the edge than this for so long, and a viewer of what is live jumps there. */
const TOO_LATE_S = 7;
const LATE_MS = 3000;
const NATIVE_HOLD_BACK_S = 6;

/** Near the edge: the playlist says how near. Speed is steered here: hls.js changes it only while more than a second is loaded ahead. */
const CONFIG: Partial<HlsConfig> = {
  enableWorker: false, // Its worker would come from a blob: address, which our pages forbid; fragments need no rewriting anyway.
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: 1,
  liveSyncOnStallIncrease: 0,
  startOnSegmentBoundary: true, // A first picture at once, from the key frame before the place: what that costs is caught up within seconds.
  startFragPrefetch: true,
  testBandwidth: false, // It would load a whole segment of the smaller picture and throw it away.
  abrEwmaDefaultEstimate: 4_000_000,
  backBufferLength: 90,
  maxBufferLength: 20,
};

export class LivePlayer extends Emitter<Events> {
  #hls: Hls | null = null;
  #make: typeof Hls | null = null;
  #failures = 0;
  #isCutOff = false;
  #again = 0;
  #last = { at_s: -1, moved: 0 };
  /** Whether this viewer wants what is live now, and has not wound back or stopped the picture. */
  #follows = true;
  #lateSince = 0;
  #hasPlayed = false;
  readonly #steering = new Steering();
  #isSteered = false;
  /** The browser plays the stream itself, as Safari does where hls.js cannot. */
  #isNative = false;

  constructor(readonly video: HTMLVideoElement, private readonly addresses: Addresses) {
    super();
    video.addEventListener('timeupdate', () => { this.#moved(); this.#steer(); });
    video.addEventListener('waiting', () => { if (this.#hasBegun && this.#isFollowing) this.#steering.stalled(performance.now() / 1000); });
    video.addEventListener('playing', () => { this.#hasPlayed = true; });
    video.addEventListener('error', () => { if (this.#isNative) this.#later(); });
    setInterval(() => this.#look(), LOOK_MS);
    addEventListener('online', () => { if (this.#isCutOff) this.#restart(); });
  }

  /** Begins at the live edge, or at `from_s`. */
  async open(from_s: number | null): Promise<void> {
    this.#follows = from_s === null;
    this.#make ??= await load(this.addresses.hls);
    if (this.#make?.isSupported()) this.#begin(from_s);
    else if (this.video.canPlayType('application/vnd.apple.mpegurl')) this.#beginNative(from_s);
    else this.tell('unable', {});
  }

  /** Where one is in what there is; null before anything is known. */
  place(): Place | null {
    const { seekable, currentTime } = this.video;
    const details = this.#hls?.latestLevelDetails;
    if (details && details.fragments.length) return { at_s: currentTime, start_s: details.fragmentStart, edge_s: Math.max(details.edge, currentTime) };
    return seekable.length ? { at_s: currentTime, start_s: seekable.start(0), edge_s: seekable.end(seekable.length - 1) } : null;
  }

  get isLive(): boolean {
    return this.#hls ? this.#hls.latestLevelDetails?.live ?? true : this.video.duration === Infinity;
  }

  /** Seconds between the camera and the screen, as the stream's clock says; null for a recording. */
  get latency_s(): number | null {
    return this.#hls && this.isLive ? this.#hls.latency : null;
  }

  /** The newest picture that plays smoothly. */
  toEdge(): void {
    const place = this.place();
    this.#follows = true;
    if (!place) return;
    this.video.currentTime = this.#hls?.liveSyncPosition ?? Math.max(place.start_s, place.edge_s - NATIVE_HOLD_BACK_S);
    void this.video.play().catch(() => {});
  }

  /** The viewer went somewhere, or stopped or started the picture: from now on it stays near the edge only if it is there. */
  moved(): void {
    const place = this.place();
    this.#follows = place !== null && !this.video.paused && isNear(place);
  }

  /** Chooses a rendition by its height; null leaves it to the player. */
  choose(height: number | null): void {
    if (!this.#hls) return;
    this.#hls.nextLevel = height === null ? -1 : this.#hls.levels.findIndex((level) => level.height === height);
    this.#tellLevels();
  }

  close(): void {
    clearTimeout(this.#again);
    this.#hls?.destroy();
    this.#hls = null;
    this.#isNative = this.#isCutOff = false;
    this.#failures = 0;
    this.video.removeAttribute('src');
    this.video.load();
  }

  #begin(from_s: number | null): void {
    const make = this.#make as typeof Hls;
    this.#hls?.destroy();
    const hls = this.#hls = new make({ ...CONFIG, startPosition: from_s ?? -1 });
    hls.on(make.Events.ERROR, (_, data) => { if (data.fatal) this.#fatal(data); });
    hls.on(make.Events.LEVEL_LOADED, () => { if (!this.video.paused) this.#quiet(); });
    hls.on(make.Events.MANIFEST_PARSED, () => this.#tellLevels());
    hls.on(make.Events.LEVEL_SWITCHED, () => this.#tellLevels());
    hls.on(make.Events.LEVEL_UPDATED, (_, { details }) => aim(hls, details));
    hls.on(make.Events.BUFFER_APPENDED, () => this.#showFirst(hls));
    hls.loadSource(this.addresses.stream);
    hls.attachMedia(this.video);
  }

  /** hls.js goes to the first place when all is there of the segment around it, up to the edge. Its first part is enough for a picture. */
  #showFirst(hls: Hls): void {
    const { video } = this, { buffered } = video;
    if (hls.hasEnoughToStart || video.seeking || !buffered.length) return;
    const at_s = Math.max(hls.startPosition, buffered.start(0));
    if (video.currentTime < at_s && at_s < buffered.end(0)) video.currentTime = at_s;
  }

  #beginNative(from_s: number | null): void {
    this.#isNative = true;
    this.video.src = this.addresses.stream;
    if (from_s !== null) this.video.addEventListener('loadedmetadata', () => { this.video.currentTime = from_s; }, { once: true });
  }

  /** hls.js has given up. A decoder that stumbled is set up anew; anything else is tried again from the start. */
  #fatal(data: ErrorData): void {
    if (data.type === this.#make?.ErrorTypes.MEDIA_ERROR && this.#failures === 0) {
      this.#failures = 1;
      this.#hls?.recoverMediaError();
    } else this.#later();
  }

  #later(): void {
    this.#failures += 1;
    if (this.#failures > 1) this.#cutOff(true);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#restart(), tryAgain_ms(this.#failures, Math.random()));
  }

  /** From where one was; at the edge when that was near it. */
  #restart(): void {
    clearTimeout(this.#again);
    const place = this.place();
    const wasNear = this.isLive && (!place || place.edge_s - place.at_s < 2 * STUCK_MS / 1000);
    const from_s = wasNear || !place ? null : place.at_s;
    if (this.#make?.isSupported()) this.#begin(from_s);
    else this.#beginNative(from_s);
    void this.video.play().catch(() => {});
  }

  /** A picture that should move and does not, for too long: whatever the reason, a new beginning helps. */
  #look(): void {
    const { video } = this;
    this.#catchUp();
    if (video.paused || video.ended || video.seeking || !(this.#hls || this.#isNative) || document.hidden) { this.#last.moved = performance.now(); return; }
    const limit_ms = this.#hasPlayed ? STUCK_MS : FIRST_MS;
    if (this.#last.moved && performance.now() - this.#last.moved > limit_ms) { this.#last.moved = performance.now(); this.#later(); }
  }

  /** Playing faster makes up for a little. Who follows what is live and has fallen far behind, after an outage or in a slow browser, jumps. */
  #catchUp(): void {
    const place = this.place();
    const isLate = this.#follows && this.isLive && place !== null && !this.video.paused && place.edge_s - place.at_s > TOO_LATE_S;
    if (!isLate) this.#lateSince = 0;
    else if (!this.#lateSince) this.#lateSince = performance.now();
    else if (performance.now() - this.#lateSince > LATE_MS) { this.#lateSince = 0; this.toEdge(); }
  }

  /** Before the parts are there that were there already, nothing says that they come late. */
  get #hasBegun(): boolean {
    return this.#hasPlayed && this.#hls?.hasEnoughToStart !== false;
  }

  get #isFollowing(): boolean {
    return this.#follows && this.isLive && !this.video.paused && !this.video.seeking;
  }

  /** Only who follows what is live is steered; who has wound back plays on as it is. */
  #steer(): void {
    const { video } = this, details = this.#hls?.latestLevelDetails;
    const isSteered = Boolean(details?.live && details.partHoldBack) && this.#isFollowing;
    if (this.#hls && isSteered && details) {
      const { buffered, currentTime } = video;
      const ahead_s = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
      video.playbackRate = this.#steering.speed({ late_s: this.#hls.latency, wanted_s: details.partHoldBack, ahead_s }, performance.now() / 1000);
      video.dataset['late'] = this.#hls.latency.toFixed(3);
    } else if (this.#isSteered) video.playbackRate = 1;
    this.#isSteered = isSteered;
  }

  #moved(): void {
    if (this.video.currentTime === this.#last.at_s) return;
    this.#last = { at_s: this.video.currentTime, moved: performance.now() };
    if (!this.video.paused) this.#quiet();
  }

  #quiet(): void {
    if (performance.now() - this.#last.moved > 1000) return;
    this.#failures = 0;
    this.#cutOff(false);
  }

  #cutOff(isCutOff: boolean): void {
    if (isCutOff === this.#isCutOff) return;
    this.#isCutOff = isCutOff;
    this.tell('line', { isCutOff });
  }

  #tellLevels(): void {
    const hls = this.#hls;
    if (!hls) return;
    const heights = [...new Set(hls.levels.map((level) => level.height))].sort((one, other) => other - one);
    const chosen = hls.autoLevelEnabled ? null : hls.levels[hls.nextLevel]?.height;
    this.tell('levels', heights.map((height) => ({ height, chosen: height === chosen })));
  }
}

/** Before the first picture: to a key frame, so that nothing is decoded unseen. Later to where the playlist wants viewers to be. */
function aim(hls: Hls, details: LevelDetails): void {
  if (!details.live || !details.partList) return;
  const wanted_s = details.partHoldBack;
  hls.targetLatency = hls.hasEnoughToStart ? wanted_s : details.edge - startOf(details.partList, details.edge - wanted_s);
}

async function load(address: string): Promise<typeof Hls | null> {
  const hasSource = 'MediaSource' in globalThis || 'ManagedMediaSource' in globalThis;
  if (!hasSource) return null; // Old iPhones: their own player it is.
  return ((await import(address)) as { default: typeof Hls }).default;
}
