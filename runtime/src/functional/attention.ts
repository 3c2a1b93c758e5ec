import { PLError } from '../errors/pl-error.js';
import type { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import { checkFloat, checkSetting, describeTensor } from './checks.js';
import { dropoutMask } from './dropout.js';
import { type Operation, present, runOperation } from './registry.js';

export interface AttentionOptions {
  /**
   * Broadcasts to `[..., queries, keys]`. Boolean: true where a query may look; float32: added to the scores, and
   * gets a gradient.
   */
  attnMask?: tf.Tensor;
  /** A query sees the keys up to its own position. @default false */
  isCausal?: boolean;
  /** Factor on the scores. @default 1 / sqrt(size) */
  scale?: number;
  /** Probability of an attention weight to become 0; pass it in training only. @default 0 */
  dropoutP?: number;
  /** Where the dropout mask comes from. @default globalGenerator() */
  generator?: Generator;
}

/**
 * `softmax(query · keyᵀ * scale + mask) · value`: Vaswani et al., "Attention Is All You Need" (2017). A query that
 * may see no key gets NaN.
 *
 * @param query float32 `[..., queries, size]`
 * @param key float32 `[..., keys, size]`
 * @param value float32 `[..., keys, valueSize]`
 * @returns `[..., queries, valueSize]`
 * @throws PLError PL7101 when shapes do not fit, PL7103 for a dropout rate out of range.
 */
export function scaledDotProductAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  options: AttentionOptions = {},
): tf.Tensor {
  checkShapes(query, key, value);
  const size = query.shape.at(-1)!;
  const keys = key.shape.at(-2)!;
  const scoreShape = [...query.shape.slice(0, -1), keys];
  const { attnMask, isCausal = false, scale = 1 / Math.sqrt(size), dropoutP = 0 } = options;
  if (attnMask !== undefined) checkMask(attnMask, scoreShape);
  checkSetting(
    dropoutP >= 0 && dropoutP <= 1,
    'scaledDotProductAttention: dropoutP',
    'a number from 0 to 1',
    dropoutP,
  );

  const isAdded = attnMask?.dtype === 'float32';
  return runOperation(
    attentionOperation,
    [query, key, value, ...(isAdded ? [attnMask] : [])],
    isAdded ? [] : present(attnMask),
    { scale, isCausal, dropoutP, generator: options.generator ?? globalGenerator() },
  );
}

export interface AttentionAttrs {
  scale: number;
  isCausal: boolean;
  dropoutP: number;
  /** To be advanced, with `dropoutP` above 0, by one draw per attention weight. */
  generator: Generator;
}

/**
 * Inputs: query, key, value, and optionally a float32 mask that is added to the scores; constants: optionally a bool
 * mask, true where a query may look. Both broadcast to the scores.
 */
export const attentionOperation: Operation<AttentionAttrs> = {
  name: 'scaledDotProductAttention',

  forward([query, key, value, mask], [visible], { scale, isCausal, dropoutP, generator }) {
    let scores = tf.matMul(query!, key!, false, true).mul(scale);
    const [queries, keys] = scores.shape.slice(-2) as [number, number];
    if (mask !== undefined) scores = scores.add(mask);
    if (isCausal) scores = scores.add(causalBias(queries, keys));
    if (visible !== undefined) scores = scores.add(biasWhereFalse(visible));
    const weights = tf.softmax(scores);
    const dropped = dropoutP === 0 ? undefined : dropoutMask(scores.shape, dropoutP, generator);
    const used = dropped === undefined ? weights : weights.mul(dropped);
    return { value: tf.matMul(used, value!), saved: { query, key, value, mask, weights, dropped } };
  },

  backward(dy, { query, key, value, mask, weights, dropped }, { scale }) {
    const used = dropped === undefined ? weights! : weights!.mul(dropped);
    const dValue = tf.matMul(used, dy, true, false);
    const dUsed = tf.matMul(dy, value!, false, true);
    const dWeights = dropped === undefined ? dUsed : dUsed.mul(dropped);
    const dScores = weights!.mul(dWeights.sub(dWeights.mul(weights!).sum(-1, true)));
    const scaled = dScores.mul(scale);
    return [
      tf.matMul(scaled, key!),
      tf.matMul(scaled, query!, true, false),
      dValue,
      ...(mask === undefined ? [] : [sumToShape(dScores, mask.shape)]),
    ];
  },
};

/** 0 up to the diagonal, -Infinity above it: `[queries, keys]`. */
function causalBias(queries: number, keys: number): tf.Tensor {
  const bias = new Float32Array(queries * keys);
  for (let i = 0; i < queries; i++)
    bias.fill(-Infinity, Math.min(i * keys + i + 1, (i + 1) * keys), (i + 1) * keys);
  return tf.tensor2d(bias, [queries, keys]);
}

function biasWhereFalse(mask: tf.Tensor): tf.Tensor {
  return tf.where(mask, tf.scalar(0), tf.scalar(-Infinity));
}

/** Sums over the dimensions along which a tensor of this shape was broadcast. */
function sumToShape(t: tf.Tensor, shape: number[]): tf.Tensor {
  const extra = t.rank - shape.length;
  const axes = t.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  return (axes.length === 0 ? t : t.sum(axes)).reshape(shape);
}

function checkShapes(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): void {
  checkFloat('scaledDotProductAttention: query', query);
  checkFloat('scaledDotProductAttention: key', key);
  checkFloat('scaledDotProductAttention: value', value);
  const lead = (t: tf.Tensor) => t.shape.slice(0, -2);
  const fits =
    query.rank >= 2 &&
    tf.util.arraysEqual(lead(query), lead(key)) &&
    tf.util.arraysEqual(lead(query), lead(value)) &&
    query.shape.at(-1) === key.shape.at(-1) &&
    key.shape.at(-2) === value.shape.at(-2);
  if (fits) return;
  throw new PLError(
    'PL7101',
    'scaledDotProductAttention: wanted query [..., queries, size], key [..., keys, size] and value ' +
      `[..., keys, valueSize], got [${query.shape}], [${key.shape}] and [${value.shape}]`,
  );
}

function checkMask(mask: tf.Tensor, scoreShape: number[]): void {
  const extra = scoreShape.length - mask.rank;
  const broadcasts =
    extra >= 0 && mask.shape.every((size, i) => size === 1 || size === scoreShape[i + extra]);
  if (broadcasts && (mask.dtype === 'bool' || mask.dtype === 'float32')) return;
  throw new PLError(
    'PL7101',
    `scaledDotProductAttention: attnMask must be bool or float32 and broadcast to [${scoreShape}], got ${describeTensor(mask)}`,
  );
}
