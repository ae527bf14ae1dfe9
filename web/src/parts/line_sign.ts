/** The sign for a weak line, with a plain sentence. A good line needs no sign. */

import { announce, byId, setIcon, setText, show } from '../dom';
import type { Line } from '../line';
import { t } from '../text';

let weakSince = 0;

/** Shows a weak line once it was weak in two readings, so that the sign does not flicker. */
export function lineSign(line: Line): void {
  weakSince = line.quality === 'good' ? 0 : weakSince + 1;
  const sign = byId('line-sign');
  const visible = weakSince >= 2;
  show(sign, visible);
  if (!visible) return;
  sign.classList.toggle('sign-bad', line.quality === 'bad');
  setIcon(sign, line.quality === 'bad' ? 'wifi-off' : 'wifi');
  setText(sign.querySelector('span') as HTMLElement, words(line));
  announce(words(line));
}

function words({ quality, where }: Line): string {
  if (where === 'delay') return t('Slow line: answers take a moment');
  if (where === 'up') return quality === 'bad' ? t('Your line is very weak: the others hardly see you') : t('Your line is weak: the others see you less well');
  return quality === 'bad' ? t('Your line is very weak: sound comes first') : t('Your line is weak: the picture may stutter');
}
