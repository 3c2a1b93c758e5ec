import { closest } from 'fastest-levenshtein';
import type { ErrorCode } from '../errors/codes.js';
import { PLError } from '../errors/pl-error.js';

/** What an option must be, in words, and whether a value is that. */
export interface OptionRule {
  readonly wanted: string;
  accepts(value: unknown): boolean;
}

export type OptionRules<O> = { readonly [K in keyof Required<O>]: OptionRule };

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isNumber);

export const nonNegative: OptionRule = {
  wanted: 'a number of at least 0',
  accepts: (value) => isNumber(value) && value >= 0,
};

export const finite: OptionRule = { wanted: 'a finite number', accepts: isNumber };

export const fraction: OptionRule = {
  wanted: 'a number from 0 to 1',
  accepts: (value) => isNumber(value) && value >= 0 && value <= 1,
};

export const positiveInteger: OptionRule = {
  wanted: 'an integer of at least 1',
  accepts: (value) => Number.isInteger(value) && (value as number) >= 1,
};

export const flag: OptionRule = {
  wanted: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

/** Two decay rates: 0 ≤ β < 1. */
export const decayRates: OptionRule = {
  wanted: 'two numbers of at least 0 and below 1',
  accepts: (value) => isPair(value) && value.every((beta) => beta >= 0 && beta < 1),
};

export function pair(wanted: string, accepts: (low: number, high: number) => boolean): OptionRule {
  return { wanted, accepts: (value) => isPair(value) && accepts(value[0], value[1]) };
}

export function oneOf(...values: readonly unknown[]): OptionRule {
  return {
    wanted: values.map((value) => JSON.stringify(value)).join(' or '),
    accepts: (value) => values.includes(value),
  };
}

/**
 * Lays `given` over `base`, leaving out what is undefined.
 *
 * @param owner names the options in errors, for example `Adam` or `Adam, param group 1`.
 * @param codes of the errors for a value outside of its rule and for an unknown name.
 * @throws PLError PL7003 for a value outside of its rule, PL7004 for an unknown name, or as `codes` says.
 */
export function withOptions<O extends object>(
  owner: string,
  base: O,
  given: Partial<O>,
  rules: OptionRules<O>,
  codes: { value: ErrorCode; name: ErrorCode } = { value: 'PL7003', name: 'PL7004' },
): O {
  const result = { ...base };
  for (const name of Object.keys(given) as (keyof O & string)[]) {
    if (!Object.hasOwn(rules, name)) {
      const names = Object.keys(rules);
      throw new PLError(codes.name, `${owner} has no option '${name}'`, {
        hint: `Did you mean '${closest(name, names)}'? Options: ${names.join(', ')}.`,
      });
    }
    const value = given[name];
    if (value === undefined) continue;
    const rule = rules[name];
    if (!rule.accepts(value)) {
      throw new PLError(codes.value, `${owner}: ${name} must be ${rule.wanted}, got ${format(value)}`);
    }
    result[name] = value;
  }
  return result;
}

function format(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}
