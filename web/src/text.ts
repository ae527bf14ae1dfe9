/** Words, times and numbers as people read them. `t` and `tn` get their words while building (web/build.mjs); here only the placeholders are filled. */

export type Facts = Readonly<Record<string, string | number>>;

export function t(sentence: string, facts: Facts = {}): string {
  return sentence.replace(/%\((\w+)\)s/g, (whole, name: string) => String(facts[name] ?? whole));
}

/** The first sentence for exactly one, the second for everything else; `%(num)s` is the number. */
export function tn(one: string, many: string, num: number, facts: Facts = {}): string {
  return t(num === 1 ? one : many, { num, ...facts });
}

export const language = (): string => document.documentElement.lang || 'de';

const cache = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, at: Date): string {
  const key = JSON.stringify(options);
  const made = cache.get(key) ?? new Intl.DateTimeFormat(language() === 'de' ? 'de-DE' : 'en-GB', options);
  cache.set(key, made);
  return made.format(at);
}

/** 9:41 */
export const clock = (at: Date): string => format({ hour: 'numeric', minute: '2-digit' }, at);

/** 22 November 2026 */
export const day = (at: Date): string => format({ day: 'numeric', month: 'long', year: 'numeric' }, at);

/** Nov: below a plot. */
export const month = (at: Date): string => format({ month: 'short' }, at);

/** 1,204, or 8.5 where it is small. */
export const amount = (value: number): string =>
  new Intl.NumberFormat(language() === 'de' ? 'de-DE' : 'en-GB', { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);

/** 9:41 today, else 21 Nov, 9:41 */
export function when(at: Date, now = new Date()): string {
  return at.toDateString() === now.toDateString() ? clock(at) : `${format({ day: 'numeric', month: 'short' }, at)}, ${clock(at)}`;
}

/** 0:07, 3:20, 1:02:05: for things that run. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** "less than a minute", "4 minutes", "2 hours": for how long somebody has waited. */
export function span(seconds: number): string {
  if (seconds < 60) return t('less than a minute');
  if (seconds < 5400) return tn('%(num)s minute', '%(num)s minutes', Math.round(seconds / 60));
  if (seconds < 129_600) return tn('%(num)s hour', '%(num)s hours', Math.round(seconds / 3600));
  return tn('%(num)s day', '%(num)s days', Math.round(seconds / 86_400));
}

/** "6 min", "2 h", "3 d": where there is little room. */
export function shortSpan(seconds: number): string {
  if (seconds < 60) return t('< 1 min');
  if (seconds < 5400) return t('%(num)s min', { num: Math.round(seconds / 60) });
  if (seconds < 129_600) return t('%(num)s h', { num: Math.round(seconds / 3600) });
  return t('%(num)s d', { num: Math.round(seconds / 86_400) });
}

/** "about 4 to 7 minutes", from seconds; "" when nobody can honestly say. */
export function waitRange(min_s: number | null, max_s: number | null): string {
  if (min_s === null || max_s === null) return '';
  const from = Math.max(1, Math.round(min_s / 60));
  const to = Math.max(from, Math.ceil(max_s / 60));
  if (max_s <= 60) return t('about a minute');
  return from === to ? tn('about %(num)s minute', 'about %(num)s minutes', to) : t('about %(from)s to %(to)s minutes', { from, to });
}

export const megabytes = (bytes: number): string =>
  `${new Intl.NumberFormat(language(), { maximumFractionDigits: bytes < 10_000_000 ? 1 : 0 }).format(bytes / 1e6)} MB`;
