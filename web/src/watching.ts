/** What the audience's page says and does at a moment, from what the server and the player know. Pure. */

/** Where a broadcast stands for who watches it. */
export type Standing = 'soon' | 'countdown' | 'starting' | 'live' | 'paused' | 'lost' | 'over' | 'recording' | 'gone';

export interface Known {
  /** The server's word; null when there is no such broadcast any more. */
  state: 'planned' | 'rehearsal' | 'countdown' | 'live' | 'paused' | 'ended' | null;
  /** Whether anything of it can be played. */
  hasStream: boolean;
}

export interface Seen {
  /** A picture is there. */
  plays: boolean;
  /** The player cannot get on by itself at the moment. */
  isCutOff: boolean;
  /** The stream said that nothing more comes, and the last picture was shown. */
  hasEnded: boolean;
}

/** One word for all of it. A line that is cut off is worse news than anything the server said before. */
export function standing(known: Known, seen: Seen): Standing {
  if (known.state === null) return 'gone';
  if (known.state === 'ended') return !known.hasStream ? 'gone' : seen.hasEnded ? 'over' : 'recording';
  if (known.state === 'planned' || known.state === 'rehearsal') return 'soon';
  if (seen.isCutOff) return 'lost';
  if (known.state === 'countdown' && !seen.plays) return 'countdown';
  if (!seen.plays) return known.hasStream ? 'starting' : known.state === 'paused' ? 'paused' : 'starting';
  return known.state === 'paused' ? 'paused' : 'live';
}

/** Further behind the newest picture than this, and the page offers the way back. Players stay 0.9 s behind by themselves. */
const NEAR_S = 5;

export interface Place { at_s: number; start_s: number; edge_s: number }

export const behind_s = (place: Place): number => Math.max(0, place.edge_s - place.at_s);
export const isNear = (place: Place): boolean => behind_s(place) < NEAR_S;

/** Where a jump by `by_s` ends: inside of what there is. */
export const jumped = (place: Place, by_s: number): number => Math.min(Math.max(place.at_s + by_s, place.start_s), place.edge_s);

/** Where a new viewer begins: at the newest part with a key frame that is not behind `latest_s`, so that the first picture is there at once. */
export function startOf(parts: readonly { start: number; independent: boolean }[], latest_s: number): number {
  return parts.filter((part) => part.independent && part.start <= latest_s).at(-1)?.start ?? latest_s;
}

/** When to ask the server again how it stands, in milliseconds: often about the time when it begins, seldom before. Never all at once. */
export function askAgain_ms(state: Known['state'], until_ms: number | null, chance: number): number {
  const isNow = state === 'countdown' || state === 'live' || state === 'paused' || (until_ms !== null && until_ms < 60_000);
  return (isNow ? 3000 : 15_000) * (0.75 + chance / 2);
}

/** How long to wait before the player tries again, in milliseconds: at once, then longer and longer, up to eight seconds. */
export const tryAgain_ms = (failures: number, chance: number): number =>
  failures <= 1 ? 300 * chance : Math.min(8000, 500 * 2 ** (failures - 1)) * (0.75 + chance / 2);

/** What a key does in the player; '' for nothing. */
export function actOf(key: string): 'play' | 'back' | 'on' | 'mute' | 'full' | 'live' | 'captions' | 'louder' | 'quieter' | '' {
  const acts = { ' ': 'play', k: 'play', ArrowLeft: 'back', ArrowRight: 'on', ArrowUp: 'louder', ArrowDown: 'quieter', m: 'mute', f: 'full', l: 'live', c: 'captions' } as const;
  return acts[key as keyof typeof acts] ?? acts[key.toLowerCase() as keyof typeof acts] ?? '';
}
