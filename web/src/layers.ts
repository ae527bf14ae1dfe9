/** The camera in three sizes at once (simulcast), of which only those are sent that somebody watches: the server says which. */

export interface Layer { rid: string; scaleResolutionDownBy: number; maxBitrate: number }

/** Low to high: the other way round Chromium fills the line with copies of the smallest one for ever (measured). */
export const LAYERS: readonly Layer[] = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/** Before anybody watches: its key frame is small, so that the first picture is there soon. */
export const RESTING: readonly string[] = ['m'];

/** Below this part of its best rate a browser that sends one layer alone overfills the line with it. */
const WEAK = 0.6;

/** What to send when `asked` is watched and the line upwards has `room_bps` (null: unknown): a weak line gets the smaller layers, too. */
export function sending(asked: readonly string[], room_bps: number | null): string[] {
  const first = LAYERS.findIndex(({ rid }) => asked.includes(rid));
  const is_weak = (place: number): boolean => room_bps !== null && LAYERS.slice(place + 1, first + 1).every(({ maxBitrate }) => room_bps < WEAK * maxBitrate);
  return LAYERS.filter(({ rid }, place) => asked.includes(rid) || (place < first && is_weak(place))).map(({ rid }) => rid);
}
