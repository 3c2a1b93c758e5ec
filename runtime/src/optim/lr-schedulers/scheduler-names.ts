import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import type { LRSchedulerConfig, OptimizersInForce } from './config.js';

/** Under which name the learning rate of each param group of an optimizer is logged. */
export interface LearningRateNames {
  optimizer: Optimizer;
  /** What steps its rates, when anything does. */
  config?: LRSchedulerConfig;
  /** One for each param group: `lr-SGD`, or `lr-SGD/pg1` and so on where there are several. */
  names: string[];
}

/**
 * Names for learning rates in logs, those of schedulers first, then those of optimizers without one: `lr-SGD` for the
 * first SGD, `lr-SGD-1` for the second; a scheduler's own `name` in place of `lr-SGD`; with several param groups
 * followed by the group's name, or `pg1`, `pg2`, ….
 *
 * @throws PLError PL7214 when two groups of an optimizer have one name.
 */
export function schedulerNames({ optimizers, lrSchedulers }: OptimizersInForce): LearningRateNames[] {
  const unnamed = new Map<string, number>();
  const namesOf = (optimizer: Optimizer, given?: string): string[] => {
    const { type, paramGroups } = optimizer;
    if (given === undefined) unnamed.set(type, (unnamed.get(type) ?? 0) + 1);
    const count = unnamed.get(type) ?? 0;
    const name = `${given ?? `lr-${type}`}${count > 1 ? `-${count - 1}` : ''}`;
    checkGroupNames(optimizer);
    return paramGroups.map((group, i) => {
      const suffix = group.name ?? (paramGroups.length > 1 ? `pg${i + 1}` : undefined);
      return suffix === undefined ? name : `${name}/${suffix}`;
    });
  };
  const scheduled = lrSchedulers.map((config): LearningRateNames => {
    const { optimizer } = config.scheduler;
    return { optimizer, config, names: namesOf(optimizer, config.name) };
  });
  const stepped = new Set(scheduled.map(({ optimizer }) => optimizer));
  const others = optimizers.filter((optimizer) => !stepped.has(optimizer));
  return [...scheduled, ...others.map((optimizer) => ({ optimizer, names: namesOf(optimizer) }))];
}

function checkGroupNames({ type, paramGroups }: Optimizer): void {
  const names = paramGroups.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new PLError('PL7214', `two param groups of ${type} are named '${twice}'`, {
    hint: 'Give each group a name of its own, or none.',
  });
}
