/** A number as JSON can keep it: infinities and NaN are text there. */
export type JsonNumber = number | 'Infinity' | '-Infinity' | 'NaN';

export function toJsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

export const fromJsonNumber = (value: JsonNumber): number => Number(value);
