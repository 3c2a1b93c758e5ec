import {
  autocastEngine,
  enginesFor,
  type MatmulPrecision,
  type Precision,
} from '../engines/autocast-engine.js';
import type { SelectedEngine } from '../engines/selected-engine.js';
import { PLError } from '../errors/pl-error.js';
import { GradScaler, type GradScalerOptions } from './grad-scaler.js';
import type { PrecisionPlugin } from './precision-plugin.js';
import { ScaledPrecision } from './scaled-precision.js';
import { UnscaledPrecision } from './unscaled-precision.js';

type Engine = Pick<SelectedEngine, 'name' | 'device'>;

/**
 * What a run with this precision does, on the engine that was selected.
 *
 * @param scaler settings of the loss scale, for `16-mixed`
 * @throws PLError PL8202 when the engine cannot do it
 */
export function createPrecision(
  precision: Precision,
  engine: Engine,
  scaler: GradScalerOptions = {},
): PrecisionPlugin {
  if (precision === '32-true') return new UnscaledPrecision(precision);
  const able = autocastEngine(engine.name);
  if (able === undefined || !able.precisions(engine.device).includes(precision)) {
    throw cannot(precision, engine);
  }
  if (precision !== '16-mixed') return new UnscaledPrecision(precision, able);
  const onEngine = able.scaleAndCheckFinite?.bind(able);
  return new ScaledPrecision(able, new GradScaler(scaler, onEngine));
}

/** Engines with one way of multiplying matrices compute more exactly than they need to. */
export function setMatmulPrecision(precision: MatmulPrecision, engine: Pick<Engine, 'name'>): void {
  autocastEngine(engine.name)?.setMatmulPrecision?.(precision);
}

function cannot(precision: Precision, { name, device }: Engine): PLError {
  const own = ['32-true', ...(autocastEngine(name)?.precisions(device) ?? [])];
  const others = enginesFor(precision, device).filter((other) => other !== name);
  const elsewhere =
    others.length > 0
      ? `Set trainer.engine to ${others.join(' or ')}`
      : name === 'torch'
        ? 'Use another device'
        : 'Use the engine torch (`pl doctor` says how to get it)';
  return new PLError('PL8202', `the engine ${name} cannot do the precision ${precision} on ${device}`, {
    hint: `${elsewhere}, or set trainer.precision to ${own.join(' or ')}.`,
  });
}
