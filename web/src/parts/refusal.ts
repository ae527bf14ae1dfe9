/** What to do when a camera or microphone cannot be used, in plain words. */

import type { Refusal } from '../devices';
import { t } from '../text';

/** Sentences for the person: what it is, and what to do. */
export function refusalWords(kind: 'camera' | 'microphone' | 'screen', why: Refusal): string[] {
  const device = { camera: t('camera'), microphone: t('microphone'), screen: t('screen') }[kind];
  const words: Readonly<Record<Refusal, string[]>> = {
    refused: [t('This page may not use your %(device)s.', { device }), howToAllow()],
    missing: [t('No %(device)s was found on this device.', { device }), t('Plug one in, or take part without: you are just as welcome.')],
    busy: [t('Your %(device)s is used by another program.', { device }), t('Close other video programs, then try again.')],
    insecure: [t('Browsers open camera and microphone only on secure pages (https).'), t('You can watch, listen and write in the chat.')],
    dismissed: [t('The %(device)s was not chosen.', { device })],
    failed: [t('Your %(device)s could not be opened.', { device }), t('Try again, or reload the page. You can also take part without.')],
  };
  return words[why];
}

function howToAllow(): string {
  const agent = navigator.userAgent;
  if (/iPhone|iPad/.test(agent)) return t('Tap “aA” or the puzzle sign beside the address, then “Website settings”, and allow camera and microphone.');
  if (/Android/.test(agent)) return t('Tap the sign to the left of the address, then “Permissions”, and allow camera and microphone.');
  return t('Click the sign to the left of the address, allow camera and microphone there, then try again.');
}
