/** The camera in three sizes at once (simulcast), of which only those are sent that somebody watches: the server says which. */

export interface Layer { rid: string; scaleResolutionDownBy: number; maxBitrate: number }

const LOWEST_BPS = 150_000;

/** Low to high: the other way round Chromium fills the line with copies of the smallest one for ever (measured). */
export const LAYERS: readonly Layer[] = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: LOWEST_BPS },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/** Before anybody watches: its key frame is small, so that the first picture is there soon. */
export const RESTING: readonly string[] = ['m'];

/** Below this part of its best rate a browser that sends one layer alone overfills the line with it. */
const WEAK = 0.6;

/** Below the first the line upwards is narrow, until it carries the second: about half and four fifths of what the middle layer takes at best. */
const NARROW_BELOW_BPS = 250_000;
export const WIDE_BPS = 400_000;
/** What the smallest layer may take of a narrow line. It is less than the line carries, see `Narrow`. */
const NARROW_BPS = 110_000;
/** What it may take for the moment of a try. Not what the two smaller layers take together: to go on with them then has to be a change again. */
const TRY_BPS = 600_000;

/**
 * Whether the line upwards is so narrow that the smallest layer goes alone: of two, the larger got three pictures a second.
 *
 * Nobody but the browser can find out that the line has become wide again. Left alone it believes 8 % more each second: from 230 to 600 kbit/s in 12 s.
 * It probes, and knows within half a second, when it is allowed more while it sends less than it could (libwebrtc's ProbeController: the allocated
 * rate changes in an application limited region). So a narrow line is not filled, and every now and then the page allows more for a moment.
 */
export class Narrow {
  #is = false;

  next(room_bps: number | null): boolean {
    this.#is = room_bps !== null && room_bps < (this.#is ? WIDE_BPS : NARROW_BELOW_BPS);
    return this.#is;
  }
}

/** What the smallest layer may take. */
export function lowestBps(isNarrow: boolean, isTrying: boolean): number {
  return !isNarrow ? LOWEST_BPS : isTrying ? TRY_BPS : NARROW_BPS;
}

/** How many layers a picture of so many pixels is worth. Chromium sends no more, and would leave out the largest: of 640x480 nobody saw more than 320x240. */
export function layersOf(width: number, height: number): number {
  const pixels = width * height;
  return pixels >= 960 * 540 ? 3 : pixels >= 480 * 270 ? 2 : 1;
}

/** Of `count` layers, by what the one at `place` is smaller than the camera's picture. */
export function scaleAt(place: number, count: number): number {
  return 2 ** Math.max(0, count - 1 - place);
}

/** What to send of `count` layers when `asked` is watched and the line upwards has `room_bps` (null: unknown): a weak line gets the smaller layers, too. */
export function sending(asked: readonly string[], room_bps: number | null, isNarrow = false, count = LAYERS.length): string[] {
  if (isNarrow) return LAYERS.slice(0, 1).map(({ rid }) => rid);
  const wanted = asked.map((rid) => Math.min(count - 1, LAYERS.findIndex((one) => one.rid === rid)));
  const largest = Math.max(...wanted);
  const is_weak = (place: number): boolean => room_bps !== null && LAYERS.slice(place + 1, largest + 1).every(({ maxBitrate }) => room_bps < WEAK * maxBitrate);
  return LAYERS.filter((_, place) => wanted.includes(place) || (place < largest && is_weak(place))).map(({ rid }) => rid);
}

/** Makes `encodings` (low to high) send `rids` of `count` layers; false when they do already. Each change makes the encoder begin anew, but not one of a rate alone. */
export function shape(encodings: RTCRtpEncodingParameters[], rids: readonly string[], count: number, lowest_bps: number): boolean {
  let isOther = false;
  for (const [place, one] of encodings.entries()) {
    const active = rids.includes(one.rid ?? '');
    const scale = scaleAt(place, count);
    const most = place === 0 ? lowest_bps : one.maxBitrate;
    isOther ||= one.active !== active || one.scaleResolutionDownBy !== scale || one.maxBitrate !== most;
    Object.assign(one, { active, scaleResolutionDownBy: scale, ...(place === 0 && { maxBitrate: most }) });
  }
  return isOther;
}
