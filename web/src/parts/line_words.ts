/** Somebody's line as a plain sentence, and what a call was like afterwards. */

import type { Entry, LineState, PersonLine, Trouble } from '../messages';
import { language, t } from '../text';

/** What is the matter with somebody else's line. */
export function lineWords({ trouble, twice }: PersonLine, name: string): string {
  const words: Readonly<Record<Trouble, string>> = {
    none: t('The line of %(name)s is good', { name }),
    narrow: t('The line of %(name)s is weak: we lowered the picture', { name }),
    loss_down: twice ? t('The line of %(name)s loses packets: sound is sent twice', { name }) : t('The line of %(name)s loses packets: the picture may stutter there', { name }),
    loss_up: t('The line of %(name)s loses packets: you see and hear them less well', { name }),
    sound: t('Sound breaks off for %(name)s at times', { name }),
    freezes: t('The picture stands still for %(name)s at times', { name }),
    delay: t('The line of %(name)s is slow: answers take a moment', { name }),
  };
  return words[trouble];
}

/** The same of one's own line, in one's own words. */
export function ownWords({ trouble, twice }: PersonLine): string {
  const words: Readonly<Record<Trouble, string>> = {
    none: t('Your line is good'),
    narrow: t('Your line is weak: we lowered the picture'),
    loss_down: twice ? t('Your line loses packets: sound is sent twice') : t('Your line is weak: the picture may stutter'),
    loss_up: t('Your line is weak: the others see you less well'),
    sound: t('Your line is weak: sound breaks off at times'),
    freezes: t('Your line is weak: the picture may stutter'),
    delay: t('Slow line: answers take a moment'),
  };
  return words[trouble];
}

export const lineIcon = (state: LineState): string => (state === 'bad' ? 'wifi-off' : 'wifi');

/** The numbers of a line, each with its name; what nobody could see is left out. */
export function lineNumbers(line: PersonLine): [string, string][] {
  const rows: [string, (number | null)[], string][] = [
    [t('Gets'), [line.down_kbps, line.loss_down], [kbps(line.down_kbps), lost(line.loss_down)].filter(Boolean).join(' · ')],
    [t('Sends'), [line.up_kbps, line.loss_up], [kbps(line.up_kbps), lost(line.loss_up)].filter(Boolean).join(' · ')],
    [t('Round trip'), [line.rtt_ms], ms(line.rtt_ms)],
    [t('Jitter'), [line.jitter_ms], ms(line.jitter_ms)],
    [t('Largest picture'), [line.height], [line.height === null ? '' : t('%(num)s lines', { num: line.height }), line.fps === null ? '' : t('%(num)s a second', { num: Math.round(line.fps) })].filter(Boolean).join(' · ')],
    [t('Stood still'), [line.frozen], percent(line.frozen)],
    [t('Sound filled in'), [line.made_up], percent(line.made_up)],
  ];
  return rows.filter(([, values]) => values.some((value) => value !== null)).map(([name, , words]) => [name, words]);
}

const number = (value: number, digits = 0): string => new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
const percent = (share: number | null): string => (share === null ? '' : `${number(100 * share, share < 0.1 ? 1 : 0)} %`);
const ms = (value: number | null): string => (value === null ? '' : `${number(value)} ms`);
const kbps = (value: number | null): string => (value === null ? '' : value < 1000 ? `${number(value)} kbit/s` : `${number(value / 1000, 1)} Mbit/s`);
const lost = (share: number | null): string => (share === null ? '' : t('%(share)s lost', { share: percent(share) }));

/** One person of an entry about a call's quality. */
type Kept = Record<string, string | number | boolean | null>;
type Grade = 'good' | 'fair' | 'poor';

export function gradeWords(entry: Entry): string {
  if (entry.visibility === 'everyone') return t('The connection was poor in this conversation: picture or sound may have broken off.');
  const words: Readonly<Record<Grade, string>> = { good: t('Call quality: good'), fair: t('Call quality: fair'), poor: t('Call quality: poor') };
  return words[String(entry.data['grade']) as Grade] ?? '';
}

export const graded = (entry: Entry): readonly Kept[] => (Array.isArray(entry.data['people']) ? entry.data['people'] : []);

/** What customers whose line was poor read of it, as agents should know. */
export const customerReads = (entry: Entry): string =>
  (graded(entry).some(({ kind, grade }) => kind === 'customer' && grade === 'poor') ? t('The customer reads that the connection was poor.') : '');

/** What stood in somebody's way, or "" when nothing did. */
export function gradeReason({ name, grade, trouble }: Kept): string {
  const words: Readonly<Record<Trouble, string>> = {
    none: '', narrow: t('the line carried little, the picture was lowered'), loss_down: t('packets were lost on the way there'),
    loss_up: t('packets were lost on the way from there'), sound: t('sound broke off at times'), freezes: t('the picture stood still at times'),
    delay: t('everything came late'),
  };
  const reason = words[trouble as Trouble];
  return grade === 'good' || !reason ? '' : `${String(name)}: ${reason}`;
}

/** Rows of the table behind it: what was measured, its usual value, its worst. */
export function gradeNumbers(person: Kept): [string, string, string][] {
  const row = (name: string, field: string, words: (value: number | null) => string): [string, string, string] =>
    [name, words(known(person[`${field}_median`])), words(known(person[`${field}_worst`]))];
  return [
    row(t('Lost on the way there'), 'loss_down', percent), row(t('Lost on the way from there'), 'loss_up', percent), row(t('Round trip'), 'rtt_ms', ms),
    row(t('Stood still'), 'frozen', percent), row(t('Largest picture'), 'height', (value) => (value === null ? '' : t('%(num)s lines', { num: value }))),
  ].filter(([, usual]) => usual !== '') as [string, string, string][];
}

const known = (value: string | number | boolean | null | undefined): number | null => (typeof value === 'number' ? value : null);
