import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration } from './duration.js';
import type { Duration } from './options.js';

const number = (max: number) => fc.integer({ min: 0, max });

test('text and parts say the same', () => {
  fc.assert(
    fc.property(number(400), number(23), number(59), number(59), (days, hours, minutes, seconds) => {
      const two = (n: number) => `${n}`.padStart(2, '0');
      const text = `${two(days)}:${two(hours)}:${two(minutes)}:${two(seconds)}`;
      const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
      expect(parseDuration(text)).toBe(total);
      expect(parseDuration({ days, hours, minutes, seconds })).toBe(total);
    }),
  );
});

test.each<[Duration, number]>([
  [{}, 0],
  [{ hours: 1.5 }, 5_400],
  [{ minutes: 90 }, 5_400],
  ['00:00:90:00', 5_400],
])('%j', (duration, seconds) => {
  expect(parseDuration(duration)).toBe(seconds);
});

test.each([
  '1 hour',
  '01:00:00',
  '00:00:00:1',
  ' 00:00:00:01',
  { foo: 1 },
  { hours: -1 },
  { hours: '1' },
  { hours: Number.NaN },
  [1],
  null,
  60,
])('%j is no duration', (duration) => {
  expect(parseDuration(duration as Duration)).toBeUndefined();
});
