/** How a broadcast stands, who may watch it, and what is in its way, in words. */

import { el } from '../dom';
import type { BroadcastState, Openness } from '../messages';
import { t } from '../text';

/** A word, and the kind of its badge. */
export function stateWords(state: BroadcastState): [word: string, kind: string] {
  return {
    planned: [t('Planned'), ''], rehearsal: [t('Rehearsal'), 'badge-brand'], countdown: [t('Starts in a moment'), 'badge-warn'],
    live: [t('Live'), 'badge-live'], paused: [t('Short pause'), 'badge-warn'], ended: [t('Over'), ''],
  }[state] as [string, string];
}

export const opennessWords = (openness: Openness): string => ({ public: t('Everybody'), unlisted: t('Whoever has the link'), private: t('Only the invited') })[openness];

/** What a state means for those who work in the studio. */
export function meaning(state: BroadcastState, openness: Openness): string {
  switch (state) {
    case 'planned': return t('Nobody is seen yet. Rehearse first: only the team sees the picture.');
    case 'rehearsal': return t('Only the team sees the picture. The rehearsal is thrown away.');
    case 'countdown': return t('The audience is let in and sees the time run. Nobody is seen or heard yet.');
    case 'live': return { public: t('Everybody can see and hear you.'), unlisted: t('Whoever has the link can see and hear you.'), private: t('The invited can see and hear you.') }[openness];
    case 'paused': return t('The audience sees a card. Nobody is seen or heard.');
    default: return t('The recording plays on the watch page.');
  }
}

/** A code of `obstacles`, as a sentence. */
export function hurdleWords(code: string): string {
  const words: Readonly<Record<string, string>> = {
    imprint_missing: t('The responsible person or the Impressum is missing.'),
    nobody_on_stage: t('Nobody is on stage yet.'),
    not_everybody_asked: t('Not everybody on stage was asked yet.'),
    nobody_to_show: t('Nobody on stage has agreed to be seen yet.'),
  };
  return words[code] ?? code;
}

/** The way to where something that is in the way can be mended, if it is on another page. */
export function helpWith(code: string): (Node | string)[] {
  return code === 'imprint_missing' ? [' ', el('a', { href: '/desk/channel', target: '_blank' }, t('Add them here'))] : [];
}

/** A frame for other sites. */
export function embedCode(session: string, title: string): string {
  const name = title.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<iframe src="${location.origin}/embed/${session}" title="${name}" width="960" height="540" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}
