/** How good the line is, from two readings of a peer connection's statistics. Pure: no clock, no browser. */

/** Sums since the connection began, but `loss_up` (0..1) and `delay_ms`, which are as they are now. */
export interface Reading {
  at_ms: number;
  received: number;
  lost: number;
  /** Pictures' packets that came, how often this browser asked for some again, and pictures that it could not show in time. */
  packets: number;
  asked: number;
  stuck: number;
  /** Share of our packets that did not arrive, as the server reports it. */
  loss_up: number;
  delay_ms: number;
  /** What the line would carry upwards, or null when the browser does not say. */
  room_up_bps: number | null;
}

export type Quality = 'good' | 'weak' | 'bad';
export interface Line { quality: Quality; where: 'both' | 'up' | 'down' | 'delay' | 'none'; loss_down: number }
/** How pictures came: the share of packets that was lost on our line, that was asked for again, wherever it was lost, and whether pictures suffered. */
export interface Coming { lost: number; asked: number; is_stuck: boolean }

export function lineBetween(older: Reading, newer: Reading): Line {
  const received = newer.received - older.received;
  const lost = Math.max(0, newer.lost - older.lost);
  const loss_down = received + lost > 20 ? lost / (received + lost) : 0;
  const down = worst(loss_down, 0.03, 0.1);
  const up = Math.max(worst(newer.loss_up, 0.03, 0.1), newer.room_up_bps === null ? 0 : worst(-newer.room_up_bps, -180_000, -60_000));
  const delay = worst(newer.delay_ms, 350, 900);
  const level = Math.max(down, up, delay);
  const where = level === 0 ? 'none' : down === level && up === level ? 'both' : up === level ? 'up' : down === level ? 'down' : 'delay';
  return { quality: (['good', 'weak', 'bad'] as const)[level] ?? 'bad', where, loss_down };
}

export function comingBetween(older: Reading, newer: Reading): Coming {
  const packets = newer.packets - older.packets;
  return { lost: lineBetween(older, newer).loss_down, asked: packets > 20 ? (newer.asked - older.asked) / packets : 0, is_stuck: newer.stuck > older.stuck };
}

function worst(value: number, weak: number, bad: number): 0 | 1 | 2 {
  return value > bad ? 2 : value > weak ? 1 : 0;
}

/**
 * How long the browser should hold picture and sound back, in ms, or null for its own choice.
 *
 * With 15 % loss, 300 ms took away all freezes: retransmissions take 100 to 200 ms, and Chromium alone holds 70 to 120 ms back.
 * What was lost on the other person's way to the server comes late, too, when the server has got it again. Our own line is clean then, and the browser
 * does not count such packets as late; but it has asked for them, and pictures got stuck.
 * It stays until nothing of this has happened for 20 s.
 */
export class HoldBack {
  #cleanSince_ms: number | null = null;
  #isOn = false;

  next({ lost, asked, is_stuck }: Coming, at_ms: number): number | null {
    if (lost > 0.03 || (asked > 0.03 && (is_stuck || this.#isOn))) { this.#isOn = true; this.#cleanSince_ms = null; }
    else if (lost < 0.01 && asked < 0.01) this.#cleanSince_ms ??= at_ms;
    if (this.#cleanSince_ms !== null && at_ms - this.#cleanSince_ms > 20_000) this.#isOn = false;
    return this.#isOn ? 300 : null;
  }
}
