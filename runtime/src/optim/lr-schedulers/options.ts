import { PLError } from '../../errors/pl-error.js';
import { nonNegative, type OptionRule, type OptionRules, withOptions } from '../options.js';
import { type LRSchedulerState, misfit } from './scheduler-state.js';

/** What defines a schedule besides its formula. */
export interface ScheduleDefinition<O extends object> {
  /** The name in checkpoints and errors. */
  type: string;
  /** What an option is when it is left out. Options without a default have to be given. */
  defaults: Partial<O>;
  rules: OptionRules<O>;
  /** What is wrong with a combination of options, or for this number of param groups, if anything. */
  conflict?(options: O, groups: number): string | undefined;
}

/** Options as they are given: those in `Needed` have no default. */
export type ScheduleInit<O extends object, Needed extends keyof O = never> = Partial<O> &
  Pick<O, Needed> & {
    /**
     * The number of the last step taken before, to continue a schedule by hand; the groups' `lr` must be that
     * step's. @default -1, a new schedule
     */
    lastEpoch?: number;
  };

/** One value for all param groups, or a list with one for each. */
export type PerGroup = number | readonly number[];

export const positive: OptionRule = {
  wanted: 'a number above 0',
  accepts: (value) => nonNegative.accepts(value) && (value as number) > 0,
};

export const positiveFraction: OptionRule = {
  wanted: 'a number above 0 and at most 1',
  accepts: (value) => positive.accepts(value) && (value as number) <= 1,
};

export const nonNegativeInteger: OptionRule = {
  wanted: 'an integer of at least 0',
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
};

export const belowOne: OptionRule = {
  wanted: 'a number of at least 0 and below 1',
  accepts: (value) => nonNegative.accepts(value) && (value as number) < 1,
};

export function optional(rule: OptionRule): OptionRule {
  return { wanted: rule.wanted, accepts: (value) => value === undefined || rule.accepts(value) };
}

export function perGroup(rule: OptionRule): OptionRule {
  return {
    wanted: `${rule.wanted}, or a list of such with one for each param group`,
    accepts: (value) =>
      Array.isArray(value) ? value.length > 0 && value.every(rule.accepts) : rule.accepts(value),
  };
}

export function listOf(rule: OptionRule, wanted: string): OptionRule {
  return { wanted, accepts: (value) => Array.isArray(value) && value.every(rule.accepts) };
}

/** The group's own value. Groups that were added after the list was given have the last one. */
export function ofGroup(value: PerGroup, group: number): number {
  return typeof value === 'number' ? value : (value[group] ?? value.at(-1)!);
}

/** What is wrong with the lengths of per-group options, if anything. */
export function wrongLength(options: object, names: readonly string[], groups: number): string | undefined {
  for (const name of names) {
    const value: unknown = options[name as keyof typeof options];
    if (Array.isArray(value) && value.length !== groups) {
      return `${name} has ${value.length} values, but the optimizer has ${groups} param groups`;
    }
  }
  return undefined;
}

/**
 * The options of a schedule, complete and checked.
 *
 * @param groups how many param groups the optimizer has
 * @throws PLError PL7201 for a missing, wrong or contradictory value, PL7202 for an unknown name.
 */
export function scheduleOptions<O extends object>(
  { type, defaults, rules, conflict }: ScheduleDefinition<O>,
  given: Partial<O> | undefined,
  groups = 0,
): O {
  const codes = { value: 'PL7201', name: 'PL7202' } as const;
  const options = withOptions<Partial<O>>(
    type,
    defaults,
    given ?? {},
    rules as OptionRules<Partial<O>>,
    codes,
  );
  for (const name of Object.keys(rules) as (keyof O & string)[]) {
    if (options[name] === undefined && !rules[name].accepts(undefined)) {
      throw new PLError('PL7201', `${type} needs ${name}: ${rules[name].wanted}`);
    }
  }
  const complete = options as O;
  const problem = conflict?.(complete, groups);
  if (problem !== undefined) throw new PLError('PL7201', `${type}: ${problem}`);
  return complete;
}

/**
 * The options in a scheduler's saved state, checked as given ones are.
 *
 * @throws PLError PL7203
 */
export function savedOptions<O extends object>(
  definition: ScheduleDefinition<O>,
  { options }: LRSchedulerState,
  groups: number,
): O {
  if (typeof options !== 'object' || options === null) throw misfit(definition.type, 'it has no options');
  try {
    return scheduleOptions(definition, structuredClone(options) as Partial<O>, groups);
  } catch (error) {
    throw error instanceof PLError ? misfit(definition.type, error.message) : error;
  }
}
