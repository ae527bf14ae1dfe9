/** What a page tells the server of its own line: freezes and sound that had to be invented, which nobody else can see. Pure: no clock, no browser. */

/** Sums since the connection began, but size and rate of the largest picture, which are as they are now. */
export interface Senses {
  at_ms: number;
  /** Null where the browser does not count it. */
  frozen_s: number | null;
  sound: number;
  made_up: number;
  fps: number | null;
  height: number | null;
}

export interface Look { seconds: number; frozen_s: number | null; made_up: number | null; fps: number | null; height: number | null }

/** Sound of half a second and more says what share of it was invented. */
const SOUND_MIN = 24_000;

export function lookBetween(older: Senses, newer: Senses): Look {
  const seconds = (newer.at_ms - older.at_ms) / 1000;
  const sound = newer.sound - older.sound;
  return {
    seconds: rounded(seconds),
    frozen_s: newer.frozen_s === null ? null : rounded(Math.max(0, newer.frozen_s - (older.frozen_s ?? 0))),
    made_up: sound < SOUND_MIN ? null : rounded(Math.min(1, Math.max(0, (newer.made_up - older.made_up) / sound))),
    fps: newer.fps, height: newer.height,
  };
}

export function sense(stats: RTCStatsReport, at_ms: number): Senses {
  const found: Senses = { at_ms, frozen_s: null, sound: 0, made_up: 0, fps: null, height: null };
  stats.forEach((one: Record<string, unknown>) => {
    const number = (name: string): number => Number(one[name] ?? 0);
    if (one['type'] !== 'inbound-rtp') return;
    if (one['kind'] === 'audio') {
      found.sound += number('totalSamplesReceived');
      found.made_up += number('concealedSamples') - number('silentConcealedSamples');
    } else {
      if (one['totalFreezesDuration'] !== undefined) found.frozen_s = (found.frozen_s ?? 0) + number('totalFreezesDuration');
      if (number('framesPerSecond') > 0 && number('frameHeight') > (found.height ?? 0)) {
        found.height = number('frameHeight');
        found.fps = number('framesPerSecond');
      }
    }
  });
  return found;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
