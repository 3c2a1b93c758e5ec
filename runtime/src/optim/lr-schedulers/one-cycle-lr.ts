import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { flag, fraction, oneOf, positiveInteger } from '../options.js';
import { requireMomentum, setMomentum } from './cycled-momentum.js';
import { EpochLR } from './epoch-lr.js';
import {
  belowOne,
  ofGroup,
  optional,
  type PerGroup,
  perGroup,
  positive,
  type ScheduleDefinition,
  type ScheduleInit,
  wrongLength,
} from './options.js';

export interface OneCycleLROptions {
  /** The highest rate. */
  maxLr: PerGroup;
  /** Steps of the whole cycle; else `epochs * stepsPerEpoch`. */
  totalSteps?: number;
  epochs?: number;
  stepsPerEpoch?: number;
  /** The part of the cycle in which the rate rises. @default 0.3 */
  pctStart: number;
  /** @default 'cos' */
  annealStrategy: 'cos' | 'linear';
  /** Moves the momentum against the rate. @default true */
  cycleMomentum: boolean;
  /** The momentum at the highest rate. @default 0.85 */
  baseMomentum: PerGroup;
  /** The momentum at the lowest rates. @default 0.95 */
  maxMomentum: PerGroup;
  /** The first rate is `maxLr / divFactor`. @default 25 */
  divFactor: number;
  /** The last rate is the first one divided by this. @default 1e4 */
  finalDivFactor: number;
  /** Falls to the first rate as slowly as it rose, and only then to the last. @default false */
  threePhase: boolean;
}

type Level = 'initial' | 'max' | 'min';

type MomentumLevel = 'baseMomentum' | 'maxMomentum';

interface Phase {
  /** The step at which it ends; it need not be whole. */
  end: number;
  lr: [from: Level, to: Level];
  momentum: [from: MomentumLevel, to: MomentumLevel];
}

const definition: ScheduleDefinition<OneCycleLROptions> = {
  type: 'OneCycleLR',
  defaults: {
    pctStart: 0.3,
    annealStrategy: 'cos',
    cycleMomentum: true,
    baseMomentum: 0.85,
    maxMomentum: 0.95,
    divFactor: 25,
    finalDivFactor: 1e4,
    threePhase: false,
  },
  rules: {
    maxLr: perGroup(positive),
    totalSteps: optional(positiveInteger),
    epochs: optional(positiveInteger),
    stepsPerEpoch: optional(positiveInteger),
    pctStart: fraction,
    annealStrategy: oneOf('cos', 'linear'),
    cycleMomentum: flag,
    baseMomentum: perGroup(belowOne),
    maxMomentum: perGroup(belowOne),
    divFactor: positive,
    finalDivFactor: positive,
    threePhase: flag,
  },
  conflict: (options, groups) =>
    options.totalSteps === undefined && (options.epochs === undefined || options.stepsPerEpoch === undefined)
      ? 'it needs totalSteps, or epochs and stepsPerEpoch'
      : wrongLength(options, ['maxLr', 'baseMomentum', 'maxMomentum'], groups),
};

/**
 * One rise to `maxLr` and one fall far below the first rate, the momentum moving against it: Smith and Topin,
 * "Super-Convergence" (2018). Step it after every batch (`interval: 'step'`).
 * Source: torch.optim.lr_scheduler.OneCycleLR.
 */
export class OneCycleLR extends EpochLR<OneCycleLROptions> {
  /** @throws PLError PL7201 or PL7202 for wrong options, PL7206 when the optimizer has no momentum to cycle. */
  constructor(optimizer: Optimizer, options: ScheduleInit<OneCycleLROptions, 'maxLr'>) {
    super(optimizer, definition, options);
    if (this.options.cycleMomentum) requireMomentum(this.type, optimizer);
    if (this.lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.initialLr = this.#level('initial', i);
        group.lr = group.initialLr;
      });
    }
    this.start();
  }

  get totalSteps(): number {
    const { totalSteps, epochs, stepsPerEpoch } = this.options;
    return totalSteps ?? epochs! * stepsPerEpoch!;
  }

  /** @throws PLError PL7205 after `totalSteps` steps. */
  override step(): void {
    if (this.lastEpoch >= this.totalSteps) {
      throw new PLError(
        'PL7205',
        `OneCycleLR was made for ${this.totalSteps} steps and has taken all of them`,
        {
          hint: 'Make it with the number of steps that the run takes: trainer.estimatedSteppingBatches.',
        },
      );
    }
    super.step();
  }

  protected override getLr(): number[] {
    const { options } = this;
    const { phase, progress } = this.#position();
    const between = options.annealStrategy === 'cos' ? alongCosine : alongLine;
    return this.baseLrs.map((_, i) => {
      if (options.cycleMomentum) {
        const [from, to] = phase.momentum;
        const momentum = between(ofGroup(options[from], i), ofGroup(options[to], i), progress);
        setMomentum(this.optimizer.paramGroups[i]!, momentum);
      }
      const [from, to] = phase.lr;
      return between(this.#level(from, i), this.#level(to, i), progress);
    });
  }

  #level(level: Level, group: number): number {
    const { maxLr, divFactor, finalDivFactor } = this.options;
    const max = ofGroup(maxLr, group);
    if (level === 'max') return max;
    const initial = max / divFactor;
    return level === 'initial' ? initial : initial / finalDivFactor;
  }

  #phases(): Phase[] {
    const { pctStart, threePhase } = this.options;
    const total = this.totalSteps;
    const rise: Phase = {
      end: pctStart * total - 1,
      lr: ['initial', 'max'],
      momentum: ['maxMomentum', 'baseMomentum'],
    };
    if (!threePhase) {
      return [rise, { end: total - 1, lr: ['max', 'min'], momentum: ['baseMomentum', 'maxMomentum'] }];
    }
    return [
      rise,
      {
        end: 2 * pctStart * total - 2,
        lr: ['max', 'initial'],
        momentum: ['baseMomentum', 'maxMomentum'],
      },
      { end: total - 1, lr: ['initial', 'min'], momentum: ['maxMomentum', 'maxMomentum'] },
    ];
  }

  /** The phase of the step, and how much of it has passed: above 1 only after the last step. */
  #position(): { phase: Phase; progress: number } {
    const phases = this.#phases();
    const startOf = (i: number) => (i === 0 ? 0 : phases[i - 1]!.end);
    const found = phases.findIndex(({ end }, i) => this.lastEpoch <= end && end > startOf(i));
    const i = found === -1 ? phases.length - 1 : found;
    const phase = phases[i]!;
    const length = phase.end - startOf(i);
    return { phase, progress: length === 0 ? 1 : (this.lastEpoch - startOf(i)) / length };
  }
}

function alongCosine(from: number, to: number, progress: number): number {
  return to + ((from - to) / 2) * (Math.cos(Math.PI * progress) + 1);
}

function alongLine(from: number, to: number, progress: number): number {
  return (to - from) * progress + from;
}
