import { PLError } from '../../errors/pl-error.js';
import type { Optimizer, ParamGroup } from '../optimizer.js';

type Cycled = ParamGroup & { momentum?: number; betas?: readonly [number, number] };

/**
 * @throws PLError PL7206 when the optimizer has nothing that could be cycled as momentum.
 */
export function requireMomentum(type: string, { type: name, defaults }: Optimizer): void {
  if ('momentum' in defaults || 'betas' in defaults) return;
  throw new PLError('PL7206', `${type} cycles the momentum, but ${name} has none`, {
    hint: 'Set cycleMomentum: false, or take SGD, RMSprop or an optimizer of the Adam family.',
  });
}

/**
 * Sets what plays the role of momentum: `momentum`, or the first of `betas`, which cannot be 1 or more. The step after
 * a cycle's last would take it there.
 */
export function setMomentum(group: ParamGroup, momentum: number): void {
  const cycled: Cycled = group;
  if (cycled.betas !== undefined) cycled.betas = [Math.min(momentum, 1 - Number.EPSILON), cycled.betas[1]];
  else cycled.momentum = momentum;
}
