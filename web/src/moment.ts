/** Moments in a recording as people write them in a link: 3m20s, 1h2m, 75, 75s. Pure. */

/** Seconds of a moment; 0 for what is none. */
export function fromMoment(text: string): number {
  const found = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?$/.exec(text.trim());
  return found ? Number(found[1] ?? 0) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3] ?? 0) : 0;
}

export function toMoment(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${rest || whole === 0 ? `${rest}s` : ''}`;
}

/** Seconds of a moment as a player shows it (12:30, 1:02:05), or as a link says it (12m30s); a number alone is minutes. Null for what is none. */
export function fromClock(text: string): number | null {
  const words = text.trim();
  if (/^\d[\dhm]*[hms]\d{0,2}$/.test(words)) return fromMoment(words) || null;
  if (!/^\d{1,3}(:[0-5]?\d){0,2}$/.test(words)) return null;
  const [first = 0, second = 0, third] = words.split(':').map(Number);
  return third === undefined ? first * 60 + second : first * 3600 + second * 60 + third;
}
