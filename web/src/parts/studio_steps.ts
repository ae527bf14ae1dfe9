/** What an agent can do with a broadcast from where it stands. Pure. */

import type { BroadcastState, ConsentAnswer, StagePerson } from '../messages';

/** `go` leads to the question when, and who will be seen; the others are done at once. */
export type Act = 'rehearse' | 'go' | 'now' | 'pause' | 'resume' | 'end';

const ACTS: Readonly<Record<BroadcastState, readonly Act[]>> = {
  planned: ['rehearse', 'go', 'end'], rehearsal: ['go', 'end'], countdown: ['now', 'end'],
  live: ['pause', 'end'], paused: ['resume', 'end'], ended: [],
};

/** The main act first. */
export const actsIn = (state: BroadcastState): readonly Act[] => ACTS[state];

/** Whether a composer paints a picture now, so that there is one to look at. */
export const isComposed = (state: BroadcastState): boolean => state !== 'planned' && state !== 'ended';

/** Whether an audience is let in. */
export const isOpen = (state: BroadcastState): boolean => state === 'countdown' || state === 'live' || state === 'paused';

/** What the audience gets of a person, and why. */
export type Seen = 'shown' | 'no' | 'asked' | 'unasked';

export function seenOf({ shown, answer }: { shown: boolean; answer: ConsentAnswer | null }): Seen {
  if (shown) return 'shown';
  if (answer === 'asked') return 'asked';
  return answer === 'refused' || answer === 'withdrawn' ? 'no' : 'unasked';
}

/** Who is going to be seen, and who is not. */
export function divided(people: readonly StagePerson[]): { seen: string[]; unseen: string[] } {
  const names = (wish: boolean): string[] => people.filter((one) => one.shown === wish).map((one) => one.name);
  return { seen: names(true), unseen: names(false) };
}
