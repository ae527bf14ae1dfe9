/** The stream as the audience gets it: muted, small, and only while somebody looks. */

import { byId, isShown, setText, show } from '../dom';
import { LivePlayer } from '../live_player';
import type { BroadcastView } from '../messages';
import { page } from '../page';
import { t } from '../text';
import { isComposed } from './studio_steps';

/** A stream begins some moments after it was asked for; who steers it does not wait as long as the audience's player may. */
const AGAIN_MS = 3000;

export class Preview {
  readonly #video = byId<HTMLVideoElement>('preview-video');
  readonly #part = byId<HTMLDetailsElement>('preview');
  #player: LivePlayer | null = null;
  #view: BroadcastView | null = null;
  #isLooking = false;
  #playing = '';
  #opened = 0;

  constructor() {
    this.#part.addEventListener('toggle', () => this.#turn());
    document.addEventListener('visibilitychange', () => this.#turn());
    setInterval(() => this.#tick(), 1000);
  }

  /** Whether the studio is open to see. */
  look(isLooking: boolean): void {
    this.#isLooking = isLooking;
    this.#turn();
  }

  render(view: BroadcastView): void {
    this.#view = view;
    show(this.#part, isComposed(view.state));
    this.#turn();
  }

  /** What is rehearsed is thrown away: going live is another stream at the same address. */
  #wanted(): string {
    const view = this.#view;
    if (!view || !isComposed(view.state) || !this.#isLooking || !this.#part.open || document.hidden) return '';
    return `${view.preview} ${view.state === 'rehearsal'}`;
  }

  #turn(): void {
    const wanted = this.#wanted();
    if (wanted === this.#playing) return;
    this.#playing = wanted;
    if (!wanted || !this.#view) { this.#player?.close(); return; }
    this.#player ??= new LivePlayer(this.#video, { hls: page.hls ?? '', stream: this.#view.preview });
    this.#open();
  }

  #open(): void {
    this.#opened = performance.now();
    this.#video.muted = true;
    void this.#player?.open(null).then(() => this.#video.play()).catch(() => {}); // The player goes on trying by itself.
  }

  #tick(): void {
    if (!isShown(this.#part)) return;
    const latency_s = this.#video.readyState >= 2 ? this.#player?.latency_s ?? null : null;
    const seconds = latency_s !== null && latency_s > 0 ? latency_s.toFixed(1) : '';
    setText(byId('preview-delay'), seconds ? t('%(seconds)s s behind the stage', { seconds }) : '');
    const isWaiting = this.#playing !== '' && this.#video.readyState < 2;
    show(byId('preview-wait'), isWaiting);
    if (isWaiting && performance.now() - this.#opened > AGAIN_MS) this.#open();
    else if (this.#playing && !isWaiting && this.#video.paused) void this.#video.play().catch(() => {});
  }
}
