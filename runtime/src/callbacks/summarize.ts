import { parametersBelow, variablesBelow } from '../module/named-variables.js';
import { type Part, partsOf } from '../module/parts.js';
import type * as tf from '../tf.js';

/** Shape with null where a dimension, such as the batch's, is open. */
export type OpenShape = readonly (number | null)[];

/** One layer, model, bare variable or group of them. */
export interface SummaryRow {
  /** Where it is in the module: `net.0`. */
  path: string;
  /** Class of the layer or object. */
  type: string;
  /** Elements of all variables in it. */
  parameters: number;
  /** Elements of those that are trained. */
  trainableParameters: number;
  /** Shapes of what it puts out; none where tfjs does not know them yet. */
  outputShapes: readonly OpenShape[];
  /** Whether an optimizer changes anything in it; undefined where there is nothing to change. */
  mode: 'train' | 'frozen' | undefined;
}

export interface Summary {
  rows: SummaryRow[];
  trainableParameters: number;
  nonTrainableParameters: number;
  totalParameters: number;
  /** Size of all parameters in float32, in units of a million bytes. */
  megabytes: number;
}

export interface SummaryOptions {
  /**
   * Levels to show: 1 has the module's own parts, 2 also those of these, -1 everything, 0 only the totals. Where all
   * is in one model, that model's layers count as the module's own parts. Default 1.
   */
  maxDepth?: number;
}

/** What a module consists of, and how large it is. */
export function summarize(module: object, { maxDepth = 1 }: SummaryOptions = {}): Summary {
  const parts = partsOf(module);
  const levels = maxDepth === -1 ? Number.POSITIVE_INFINITY : maxDepth;
  const [totalParameters, trainableParameters] = parametersOf(parts);
  return {
    rows: rowsOf(parts, levels > 0 && parts.length === 1 ? levels + 1 : levels),
    trainableParameters,
    nonTrainableParameters: totalParameters - trainableParameters,
    totalParameters,
    megabytes: (totalParameters * 4) / 1e6,
  };
}

function rowsOf(parts: readonly Part[], levels: number): SummaryRow[] {
  if (levels === 0) return [];
  return parts.flatMap((part) => {
    const [parameters, trainableParameters] = parametersOf([part]);
    const row: SummaryRow = {
      path: part.path,
      type: typeOf(part),
      parameters,
      trainableParameters,
      outputShapes: outputShapesOf(part),
      mode: parameters === 0 ? undefined : trainableParameters > 0 ? 'train' : 'frozen',
    };
    // The weights of a layer are its own business.
    return [row, ...(part.kind === 'layer' ? [] : rowsOf(part.parts, levels - 1))];
  });
}

function parametersOf(parts: readonly Part[]): [all: number, trainable: number] {
  return [elements(parts.flatMap(variablesBelow)), elements(parts.flatMap(parametersBelow))];
}

const elements = (variables: readonly [path: string, variable: tf.Variable][]) =>
  variables.reduce((sum, [, { size }]) => sum + size, 0);

function typeOf({ kind, value }: Part): string {
  if (kind === 'variable') return 'Variable';
  return kind === 'group' ? value.constructor.name : value.getClassName();
}

function outputShapesOf({ kind, value }: Part): readonly OpenShape[] {
  if (kind === 'variable') return [value.shape];
  if (kind === 'group') return [];
  try {
    const shapes = value.outputShape;
    return Array.isArray(shapes[0]) ? (shapes as OpenShape[]) : [shapes as OpenShape];
  } catch {
    // tfjs throws for layers that were built but not called yet, or called with different shapes.
    return [];
  }
}
