/**
 * When the way to the server has died, and when to try another one. Pure: no clock, no browser.
 *
 * Browsers call a way dead after 5 to 10 s; who changed from Wi-Fi to the mobile network should be back before that. The server sends something every
 * second, and much more while anybody is seen, so silence is seen early. A new way is tried at once, then with growing pauses; the old one may come
 * back meanwhile and ends it all.
 */

/** What to do now: `silent` is told once, `restart` may come again and again. */
export type Advice = 'fine' | 'silent' | 'restart' | 'wait';

/** Where packets came all the time, so much silence is no accident of a bad line. */
const SILENCE_MS = 1500;
/** Where nobody sends anything only the browser's own checks are answered, every few seconds. */
const QUIET_SILENCE_MS = 8000;
const BUSY_TICKS = 6;
/** The page slept, or the computer: nothing can be said of the time before. */
const GAP_MS = 2500;
/** Short to the end: nothing tells the page that the network is back but a try that comes through. */
const PAUSES_MS = [1000, 1000, 1500];

export class Recovery {
  #received = -1;
  #heardAt_ms = -Infinity;
  #lookedAt_ms = -Infinity;
  #busyTicks = 0;
  #isSilent = false;
  #tries = 0;
  #next_ms = 0;

  /** To be called every half second with the packets received so far, and whether the browser itself takes the way for a good one. */
  look(received: number, isUp: boolean, now_ms: number): Advice {
    const slept = now_ms - this.#lookedAt_ms > GAP_MS;
    this.#lookedAt_ms = now_ms;
    if (received !== this.#received || slept) this.#heard(received, now_ms);
    if (isUp && now_ms - this.#heardAt_ms < this.#limit_ms()) { this.#isSilent = false; this.#tries = 0; return 'fine'; }
    if (!this.#isSilent) { this.#isSilent = true; this.#next_ms = now_ms; return 'silent'; }
    return now_ms >= this.#next_ms ? 'restart' : 'wait';
  }

  /** A try begins; the next one comes after a pause, counted from `ended`. */
  begun(): void {
    this.#next_ms = Infinity;
  }

  ended(now_ms: number): void {
    this.#next_ms = now_ms + (PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)] ?? 0);
    this.#tries += 1;
  }

  /** How often a new way was tried in vain. */
  get tries(): number {
    return this.#tries;
  }

  /** The network is another one, or back: the next try is now. */
  hurry(): void {
    if (this.#next_ms !== Infinity) this.#next_ms = 0;
    this.#tries = 0;
  }

  #heard(received: number, now_ms: number): void {
    this.#busyTicks = this.#received >= 0 && now_ms - this.#heardAt_ms < 800 ? this.#busyTicks + 1 : 0;
    this.#received = received;
    this.#heardAt_ms = now_ms;
  }

  #limit_ms(): number {
    return this.#busyTicks >= BUSY_TICKS ? SILENCE_MS : QUIET_SILENCE_MS;
  }
}
