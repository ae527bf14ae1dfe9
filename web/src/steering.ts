/** How a player stays near the edge of what is live: a little faster when it has fallen behind, a little slower before it runs dry. Pure. */

/** In seconds: behind the edge as it is estimated to be now, how far the playlist wants one to be behind it, and what is loaded ahead. */
export interface Position { late_s: number; wanted_s: number; ahead_s: number }

/** Every stall says that this line, or this device, needs more ahead. */
const STALL_COSTS_S = 0.3;
const STALLS_COST_MOST_S = 2;
/** A good minute gives most of one stall back. */
const FORGIVEN = 0.005;
/** So much ahead is too little: the next part may be late by as much. */
const THIN_S = 0.25;
const NEAR_S = 0.05;
const FAR_S = 0.6;
const BEGIN_S = 0.12;

/** Speeds that nobody hears. */
export const SPEEDS = { slow: 0.95, even: 1, quick: 1.05, quicker: 1.1 };

export class Steering {
  #extra_s = 0;
  #at_s = 0;
  #speed = SPEEDS.even;

  /** The picture stood still because nothing was there. */
  stalled(now_s: number): void {
    this.#extra_s = Math.min(this.#forgiven_s(now_s) + STALL_COSTS_S, STALLS_COST_MOST_S);
    this.#at_s = now_s;
  }

  /** How much further behind than the playlist wants, after stalls. */
  extra_s(now_s: number): number {
    return this.#forgiven_s(now_s);
  }

  /** The speed to play at from now on. */
  speed({ late_s, wanted_s, ahead_s }: Position, now_s: number): number {
    const over_s = late_s - wanted_s - this.extra_s(now_s);
    const isCatchingUp = this.#speed > SPEEDS.even;
    if (ahead_s < THIN_S && over_s < FAR_S) this.#speed = SPEEDS.slow;
    else if (over_s > FAR_S && ahead_s > 2 * THIN_S) this.#speed = SPEEDS.quicker;
    else if (over_s > (isCatchingUp ? NEAR_S : BEGIN_S) && ahead_s > 2 * THIN_S) this.#speed = SPEEDS.quick;
    else this.#speed = SPEEDS.even;
    return this.#speed;
  }

  #forgiven_s(now_s: number): number {
    return Math.max(0, this.#extra_s - FORGIVEN * (now_s - this.#at_s));
  }
}
