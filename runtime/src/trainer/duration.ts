import type { Duration, DurationParts } from './options.js';

const secondsOf = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const;

/** How many seconds a duration has; undefined for what is none. */
export function parseDuration(duration: Duration): number | undefined {
  const parts = typeof duration === 'string' ? partsOf(duration) : duration;
  if (typeof parts !== 'object' || parts === null || Array.isArray(parts)) return undefined;
  let seconds = 0;
  for (const [name, count] of Object.entries(parts)) {
    if (count === undefined) continue;
    if (!Object.hasOwn(secondsOf, name) || !Number.isFinite(count) || count < 0) return undefined;
    seconds += count * secondsOf[name as keyof typeof secondsOf];
  }
  return seconds;
}

function partsOf(text: string): DurationParts | undefined {
  const [, days, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d):(\d\d)$/.exec(text)?.map(Number) ?? [];
  return days === undefined ? undefined : { days, hours: hours!, minutes: minutes!, seconds: seconds! };
}
