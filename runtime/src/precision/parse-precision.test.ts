import { describe, expect, test } from 'vitest';
import { parseMatmulPrecision, parsePrecision } from './parse-precision.js';

describe('parsePrecision', () => {
  // The short forms mean what they mean in Lightning 2.6 (fabric/connector.py).
  test.each([
    ['32-true', '32-true'],
    [32, '32-true'],
    ['32', '32-true'],
    ['16-mixed', '16-mixed'],
    [16, '16-mixed'],
    ['16', '16-mixed'],
    ['bf16-mixed', 'bf16-mixed'],
    ['bf16', 'bf16-mixed'],
    ['16-true', '16-true'],
    ['bf16-true', 'bf16-true'],
  ])('takes %o as %s', (value, precision) => {
    expect(parsePrecision(value)).toBe(precision);
  });

  test.each([
    ['64-true', /^trainer\.precision is "64-true": TensorFlow\.js has no 64-bit numbers$/],
    [64, /no 64-bit numbers/],
    ['64', /no 64-bit numbers/],
    ['bf16-mixd', /^trainer\.precision is "bf16-mixd"\. Did you mean bf16-mixed\?$/],
    ['transformer-engine', /^trainer\.precision is "transformer-engine"\.$/],
    ['constructor', /is "constructor"\.$/],
    [8, /is 8\.$/],
    [null, /is null\.$/],
    [undefined, /is undefined\.$/],
    [['16'], /is \["16"\]\.$/],
  ])('refuses %o', (value, message) => {
    expect(() => parsePrecision(value)).toThrow(
      expect.objectContaining({ code: 'PL8201', message: expect.stringMatching(message) }),
    );
  });
});

describe('parseMatmulPrecision', () => {
  test.each(['highest', 'high', 'medium'])('takes %s', (value) => {
    expect(parseMatmulPrecision(value)).toBe(value);
  });

  test.each(['hi', 'tf32', true, undefined])('refuses %o', (value) => {
    expect(() => parseMatmulPrecision(value)).toThrow(
      expect.objectContaining({
        code: 'PL8201',
        hint: 'It is one of highest, high, medium.',
      }),
    );
  });
});
