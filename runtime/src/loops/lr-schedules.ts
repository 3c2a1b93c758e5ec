import { PLError } from '../errors/pl-error.js';
import type { LRSchedulerConfig } from '../optim/lr-schedulers/config.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import type { LoopHost } from './loop-host.js';
import type { FitProgress } from './progress.js';

/**
 * When schedulers step: `batch` right after the optimizer, `validation` when the batch and the validation after it
 * are over, `epoch` when the epoch's metrics are there. Schedulers that watch a metric wait for the latter two.
 */
export type SchedulerMoment = 'batch' | 'validation' | 'epoch';

/** The learning-rate schedulers of a fit, and whose turn it is. */
export class LRSchedules {
  constructor(
    readonly configs: readonly LRSchedulerConfig[],
    private readonly host: Pick<LoopHost, 'metrics' | 'strategy' | 'warn'>,
  ) {}

  /**
   * The schedulers to step now, each with the metric that it watches.
   *
   * @param progress with the running batch counted
   * @param batch whether the optimizer stepped after it (and was not held back), and whether it is the epoch's last
   * @throws PLError PL5019 when a watched metric is missing and the scheduler is strict
   */
  due(
    moment: SchedulerMoment,
    progress: FitProgress,
    { stepped, lastOfEpoch }: { stepped: boolean; lastOfEpoch: boolean },
  ): [LRScheduler, number | undefined][] {
    const due: [LRScheduler, number | undefined][] = [];
    for (const config of this.configs) {
      const { scheduler, interval, frequency, reduceOnPlateau } = config;
      const turn =
        interval === 'step'
          ? stepped &&
            moment === (reduceOnPlateau ? 'validation' : 'batch') &&
            progress.batches % frequency === 0
          : moment === (reduceOnPlateau ? 'epoch' : 'batch') &&
            lastOfEpoch &&
            (progress.epoch + 1) % frequency === 0;
      if (!turn) continue;
      if (!reduceOnPlateau) due.push([scheduler, undefined]);
      else {
        const metric = this.#watched(config);
        if (metric !== undefined) due.push([scheduler, metric]);
      }
    }
    return due;
  }

  #watched({ scheduler, monitor, strict }: LRSchedulerConfig): number | undefined {
    const { metrics, strategy } = this.host;
    // Learning rates are the same in all processes, whatever each has logged.
    const metric = strategy.broadcast(metrics[monitor!]);
    if (metric !== undefined) return metric;
    if (!strict) {
      this.host.warn(
        `${scheduler.type} waits for '${monitor}', which was not logged by the time of its first step.`,
      );
      return undefined;
    }
    throw new PLError(
      'PL5019',
      `${scheduler.type} watches '${monitor}', which was not logged by the time it had to step.`,
      {
        hint: `Logged so far: ${Object.keys(metrics).join(', ') || 'nothing'}. Log it, or set strict: false to wait for it.`,
      },
    );
  }
}
