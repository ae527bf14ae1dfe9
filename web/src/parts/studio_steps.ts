/** What an agent can do with a broadcast from where it stands. Pure. */

import type { BroadcastState, ConsentAnswer, SceneView, SetScene, StagePerson } from '../messages';

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

/** A countdown's and the end's card are not chosen, and pauses bring their own back: only a title card outlives a change. */
export function changed(scene: SceneView, change: Partial<SetScene>): SetScene {
  const card = scene.card?.kind === 'title' ? { kind: 'title' as const, title: scene.card.title, text: scene.card.text } : null;
  return {
    layout: scene.layout as NonNullable<SetScene['layout']>, lower_thirds: scene.lower_thirds, main: scene.main, card, banner: scene.banner,
    logo: scene.logo, size: scene.size as 720 | 1080, small: scene.small, ...change,
  };
}
