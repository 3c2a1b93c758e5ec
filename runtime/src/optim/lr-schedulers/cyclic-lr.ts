import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { flag, nonNegative, oneOf, positiveInteger } from '../options.js';
import { requireMomentum, setMomentum } from './cycled-momentum.js';
import { EpochLR } from './epoch-lr.js';
import { type LRLambda, lambdaValue } from './lr-lambda.js';
import {
  belowOne,
  ofGroup,
  optional,
  type PerGroup,
  perGroup,
  type ScheduleDefinition,
  type ScheduleInit,
  wrongLength,
} from './options.js';

export interface CyclicLROptions {
  /** The rate at which each cycle begins and ends. */
  baseLr: PerGroup;
  /** The rate in the middle of a cycle, before scaling. */
  maxLr: PerGroup;
  /** Steps of the rise. @default 2000 */
  stepSizeUp: number;
  /** Steps of the fall: as many as of the rise when left out. */
  stepSizeDown?: number;
  /**
   * How the height of the cycles changes: it stays, halves with every cycle, or shrinks by `gamma` with every step.
   * @default 'triangular'
   */
  mode: 'triangular' | 'triangular2' | 'exp_range';
  /** @default 1 */
  gamma: number;
  /** What `scaleFn` is a function of: the cycle, counted from 1, or the step. @default 'cycle' */
  scaleMode: 'cycle' | 'iterations';
  /** Moves the momentum against the rate. @default true */
  cycleMomentum: boolean;
  /** The momentum in the middle of a cycle, before scaling. @default 0.8 */
  baseMomentum: PerGroup;
  /** The momentum at which each cycle begins and ends. @default 0.9 */
  maxMomentum: PerGroup;
}

export type CyclicLRInit = ScheduleInit<CyclicLROptions, 'baseLr' | 'maxLr'> & {
  /** The height of a cycle, in place of `mode`. A checkpoint does not hold it: resume with the same function. */
  scaleFn?: LRLambda;
};

const definition: ScheduleDefinition<CyclicLROptions> = {
  type: 'CyclicLR',
  defaults: {
    stepSizeUp: 2000,
    mode: 'triangular',
    gamma: 1,
    scaleMode: 'cycle',
    cycleMomentum: true,
    baseMomentum: 0.8,
    maxMomentum: 0.9,
  },
  rules: {
    baseLr: perGroup(nonNegative),
    maxLr: perGroup(nonNegative),
    stepSizeUp: positiveInteger,
    stepSizeDown: optional(positiveInteger),
    mode: oneOf('triangular', 'triangular2', 'exp_range'),
    gamma: nonNegative,
    scaleMode: oneOf('cycle', 'iterations'),
    cycleMomentum: flag,
    baseMomentum: perGroup(belowOne),
    maxMomentum: perGroup(belowOne),
  },
  conflict: (options, groups) =>
    wrongLength(options, ['baseLr', 'maxLr', 'baseMomentum', 'maxMomentum'], groups),
};

/**
 * Moves the rates up and down in triangles: Smith, "Cyclical Learning Rates for Training Neural Networks" (2015).
 * Step it after every batch (`interval: 'step'`). Source: torch.optim.lr_scheduler.CyclicLR.
 */
export class CyclicLR extends EpochLR<CyclicLROptions> {
  readonly #scaleFn: LRLambda | undefined;

  /**
   * @throws PLError PL7201 or PL7202 for wrong options, PL7204 when `scaleFn` gives no finite number, PL7206 when the
   * optimizer has no momentum to cycle.
   */
  constructor(optimizer: Optimizer, { scaleFn, ...init }: CyclicLRInit) {
    super(optimizer, definition, init);
    if (scaleFn !== undefined && typeof scaleFn !== 'function') {
      throw new PLError('PL7204', `CyclicLR: scaleFn must be a function, got ${typeof scaleFn}`);
    }
    this.#scaleFn = scaleFn;
    if (this.options.cycleMomentum) requireMomentum(this.type, optimizer);
    if (this.lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = ofGroup(this.options.baseLr, i);
      });
    }
    this.start();
  }

  protected override getLr(): number[] {
    const { baseLr, maxLr, stepSizeUp, cycleMomentum, baseMomentum, maxMomentum } = this.options;
    const length = stepSizeUp + (this.options.stepSizeDown ?? stepSizeUp);
    const ratio = stepSizeUp / length;
    const cycle = Math.floor(1 + this.lastEpoch / length);
    const x = 1 + this.lastEpoch / length - cycle;
    const height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    const scale = this.#scale(cycle);
    return this.baseLrs.map((_, i) => {
      if (cycleMomentum) {
        const max = ofGroup(maxMomentum, i);
        const momentum = max - (max - ofGroup(baseMomentum, i)) * height * scale;
        setMomentum(this.optimizer.paramGroups[i]!, momentum);
      }
      const base = ofGroup(baseLr, i);
      return base + (ofGroup(maxLr, i) - base) * height * scale;
    });
  }

  #scale(cycle: number): number {
    const { mode, gamma, scaleMode } = this.options;
    if (this.#scaleFn !== undefined) {
      const of = scaleMode === 'cycle' ? cycle : this.lastEpoch;
      return lambdaValue(`${this.type}, scaleFn`, this.#scaleFn, of);
    }
    if (mode === 'triangular') return 1;
    return mode === 'triangular2' ? 1 / 2 ** (cycle - 1) : gamma ** this.lastEpoch;
  }
}
