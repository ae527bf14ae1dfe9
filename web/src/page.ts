/** What the server wrote into the page for its script. */

import type { BroadcastPublic } from './messages';

export interface Me { kind: 'agent' | 'visitor'; id?: string; name?: string; role?: string }

export interface Page {
  name: string;
  lang: 'de' | 'en';
  me: Me | null;
  company: string;
  /** Whose cookie counts when this browser has two: sent with every call. */
  as: 'visitor' | 'agent';
  case?: string | null;
  session?: string;
  kind?: 'customer' | 'guest' | 'agent';
  next?: string;
  recording?: string;
  /** Of the broadcast that a recording was. */
  title?: string;
  /** What the audience's page shows; the server's word when it was loaded. */
  broadcast?: BroadcastPublic;
  /** Where hls.js is, for pages with a player. */
  hls?: string;
  /** What the audience's page fetches when its reader is called on stage: `src/pages/on_stage.ts`. */
  on_stage?: string;
}

export const page: Page = JSON.parse(document.getElementById('page')?.textContent ?? '{}') as Page;

/** The secret behind the `#`, taken out of the address at once so that it stays in no history and no screenshot. */
export function takeSecret(): string {
  const secret = location.hash.slice(1);
  if (secret) history.replaceState(history.state, '', location.pathname + location.search);
  return secret;
}

/** An id made here, so that what is sent twice is done once. */
export const clientId = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
};

/** Changes the address without loading; links that change the language follow. */
export function setAddress(path: string, push = false): void {
  history[push ? 'pushState' : 'replaceState']({}, '', path);
  for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-keep-fragment]')) link.pathname = location.pathname;
}
