/** Camera, microphone and screen of this device. Knows no page and no connection. */

import { Emitter } from './emitter';
import type { Source } from './messages';

/** Why a device cannot be used. `insecure`: the page was not opened over HTTPS; `dismissed`: the person closed the question. */
export type Refusal = 'refused' | 'missing' | 'busy' | 'insecure' | 'dismissed' | 'failed';

export interface DevicesEvents {
  /** A track came, went, or was switched on or off. */
  change: Source;
  /** Cameras, microphones or speakers were plugged in or pulled out. */
  list: undefined;
}

interface Choice { camera?: string; microphone?: string; speaker?: string }
type Kind = 'camera' | 'microphone';
const KEPT = 'oase-devices';

export class Devices extends Emitter<DevicesEvents> {
  readonly tracks: Partial<Record<Source, MediaStreamTrack>> = {};
  facing: 'user' | 'environment' = 'user';
  #choice: Choice = kept();
  #isOver = false;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.tell('list', undefined));
  }

  get isSecure(): boolean {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  get canShareScreen(): boolean {
    return Boolean(navigator.mediaDevices && 'getDisplayMedia' in navigator.mediaDevices) && !isPhone();
  }

  isOn(source: Source): boolean {
    const track = this.tracks[source];
    return Boolean(track && track.readyState === 'live' && track.enabled);
  }

  get state(): Record<Source, boolean> {
    return { camera: this.isOn('camera'), microphone: this.isOn('microphone'), screen: this.isOn('screen') };
  }

  /** Opens camera and microphone with one question to the person; where that fails, each alone. What is missing is null in the answer. */
  async open(): Promise<Record<Kind, Refusal | null>> {
    if (!this.isSecure) return { camera: 'insecure', microphone: 'insecure' };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: this.#sound(), video: this.#picture() });
      this.#take('camera', stream.getVideoTracks()[0]);
      this.#take('microphone', stream.getAudioTracks()[0]);
      return { camera: null, microphone: null };
    } catch {
      return { camera: await this.start('camera'), microphone: await this.start('microphone') };
    }
  }

  /** Opens one device; answers why it cannot be used, or null. */
  async start(kind: Kind): Promise<Refusal | null> {
    if (!this.isSecure) return 'insecure';
    if (kind === 'microphone' && this.tracks.microphone?.readyState === 'live') return this.#unmute();
    try {
      this.tracks[kind]?.stop(); // Phones open only one camera at a time.
      const stream = await this.#ask(kind);
      this.#take(kind, stream.getTracks()[0]);
      return null;
    } catch (error) {
      return refusal(error);
    }
  }

  /** Muted: the microphone stays open, so speaking again is instant; the camera is let go, so that its light goes out. */
  stop(source: Source): void {
    const track = this.tracks[source];
    if (!track) return;
    if (source === 'microphone') track.enabled = false;
    else { track.stop(); delete this.tracks[source]; }
    this.tell('change', source);
  }

  async choose(kind: Kind | 'speaker', id: string): Promise<Refusal | null> {
    this.#choice = { ...this.#choice, [kind]: id };
    localStorage.setItem(KEPT, JSON.stringify(this.#choice));
    if (kind === 'speaker') { this.tell('list', undefined); return null; }
    if (!this.tracks[kind]) return null;
    if (kind === 'microphone') { this.tracks.microphone?.stop(); delete this.tracks.microphone; }
    return this.start(kind);
  }

  get speaker(): string {
    return this.#choice.speaker ?? '';
  }

  chosen(kind: Kind): string {
    return this.tracks[kind]?.getSettings().deviceId ?? this.#choice[kind] ?? '';
  }

  async list(): Promise<Record<Kind | 'speaker', MediaDeviceInfo[]>> {
    const all = this.isSecure ? await navigator.mediaDevices.enumerateDevices() : [];
    const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((one) => one.kind === kind && one.label);
    return { camera: of('videoinput'), microphone: of('audioinput'), speaker: of('audiooutput') };
  }

  /** Front to rear and back. */
  async flip(): Promise<Refusal | null> {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    delete this.#choice.camera;
    return this.start('camera');
  }

  async shareScreen(): Promise<Refusal | null> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
      this.#take('screen', stream.getVideoTracks()[0]);
      return null;
    } catch (error) {
      return refusal(error) === 'refused' ? 'dismissed' : refusal(error);
    }
  }

  /** Opens again what the system took away while the phone slept. */
  async wake(): Promise<void> {
    for (const kind of ['camera', 'microphone'] as const) {
      if (this.tracks[kind]?.readyState === 'ended') { delete this.tracks[kind]; await this.start(kind); }
    }
  }

  close(): void {
    for (const source of Object.keys(this.tracks) as Source[]) {
      this.tracks[source]?.stop();
      delete this.tracks[source];
      this.tell('change', source);
    }
  }

  /** Closed for good: what the person allows only now is let go at once. */
  end(): void {
    this.close();
    this.#isOver = true;
  }

  #unmute(): null {
    if (this.tracks.microphone) this.tracks.microphone.enabled = true;
    this.tell('change', 'microphone');
    return null;
  }

  async #ask(kind: Kind): Promise<MediaStream> {
    try {
      return await navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: this.#picture() } : { audio: this.#sound() });
    } catch (error) {
      if (!['OverconstrainedError', 'NotReadableError'].includes((error as Error).name)) throw error;
      return navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: true } : { audio: true });
    }
  }

  #picture(): MediaTrackConstraints {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
    return this.#choice.camera && !isPhone() ? { ...size, deviceId: { ideal: this.#choice.camera } } : { ...size, facingMode: { ideal: this.facing } };
  }

  #sound(): MediaTrackConstraints {
    const clean = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return this.#choice.microphone ? { ...clean, deviceId: { ideal: this.#choice.microphone } } : clean;
  }

  #take(source: Source, track: MediaStreamTrack | undefined): void {
    if (!track) return;
    if (this.#isOver) { track.stop(); return; }
    this.tracks[source] = track;
    track.addEventListener('ended', () => {
      if (this.tracks[source] !== track) return;
      if (source === 'screen') delete this.tracks.screen;
      this.tell('change', source);
    });
    this.tell('change', source);
    this.tell('list', undefined);
  }
}

export const isPhone = (): boolean => matchMedia('(pointer: coarse) and (max-device-width: 1024px)').matches;

function kept(): Choice {
  try { return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Choice; } catch { return {}; }
}

function refusal(error: unknown): Refusal {
  const name = (error as Error | undefined)?.name ?? '';
  const known: Readonly<Record<string, Refusal>> = {
    NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'missing', OverconstrainedError: 'missing',
    NotReadableError: 'busy', AbortError: 'busy',
  };
  return known[name] ?? 'failed';
}

/** How loud a microphone is, 0..1, about 20 times a second. Ends with the returned function. */
export function listen(track: MediaStreamTrack, level: (loudness: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === 'suspended') void context.resume();
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    level(track.enabled ? Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 50)) : 0);
  }, 50);
  return () => { clearInterval(timer); void context.close(); };
}

/** Keeps the screen on until the returned function is called, also after the page was away. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  const ask = async (): Promise<void> => {
    if (document.visibilityState === 'visible') lock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
  };
  void ask();
  const again = (): void => void ask();
  document.addEventListener('visibilitychange', again);
  return () => { document.removeEventListener('visibilitychange', again); void lock?.release(); };
}
