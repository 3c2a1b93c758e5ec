import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SchedulerWithoutMonitor extends Diagnostic {
  static readonly code = 'PL1028';
  static readonly explanation =
    "A scheduler that reacts to a metric, such as ReduceLROnPlateau, is stepped with that metric's value, and nothing says which metric it is. Name one that the module logs, in the record of the scheduler: { optimizer, lrScheduler: { scheduler, monitor: 'val_loss' } }. Where the scheduler stands alone in { optimizer, lrScheduler, monitor }, beside it. A module with automaticOptimization = false steps its schedulers itself and needs none.";
  readonly code = SchedulerWithoutMonitor.code;

  constructor(node: Node, scheduler: string) {
    super(
      placeOf(node),
      `${scheduler} has no 'monitor': name the metric that it watches, { scheduler, monitor: 'val_loss' }.`,
    );
  }
}
