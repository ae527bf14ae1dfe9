/** The sign for one's own weak line, with a plain sentence. A good line needs no sign. */

import { announce, byId, setIcon, setText, show } from '../dom';
import type { Line } from '../line';
import type { PersonLine } from '../messages';
import { t } from '../text';
import { lineIcon, ownWords } from './line_words';

let weakSince = 0;
let seenHere: Line | null = null;
let seenThere: PersonLine | null = null;

/** What this page sees. A weak line is shown once it was weak in two readings, so that the sign does not flicker. */
export function lineSign(line: Line): void {
  weakSince = line.quality === 'good' ? 0 : weakSince + 1;
  seenHere = line;
  render();
}

/** What the server sees of the same line, and what it does about it. */
export function ownLine(line: PersonLine | null): void {
  seenThere = line;
  render();
}

function render(): void {
  const here = weakSince >= 2 ? seenHere : null;
  const there = seenThere && seenThere.state !== 'good' ? seenThere : null;
  const sign = byId('line-sign');
  const words = there && (!here || there.lowered || there.twice) ? ownWords(there) : here ? wordsOf(here) : '';
  show(sign, words !== '');
  if (!words) return;
  const isBad = here?.quality === 'bad' || there?.state === 'bad';
  sign.classList.toggle('sign-bad', isBad);
  setIcon(sign, lineIcon(isBad ? 'bad' : 'weak'));
  setText(sign.querySelector('span') as HTMLElement, words);
  announce(words);
}

function wordsOf({ quality, where }: Line): string {
  if (where === 'delay') return t('Slow line: answers take a moment');
  if (where === 'up') return quality === 'bad' ? t('Your line is very weak: the others hardly see you') : t('Your line is weak: the others see you less well');
  return quality === 'bad' ? t('Your line is very weak: sound comes first') : t('Your line is weak: the picture may stutter');
}
