import type * as tf from '../../tf.js';
import { type BatchNormAttrs, batchNormOperation } from '../batch-norm.js';
import { type GroupNormAttrs, groupNormOperation } from '../group-norm.js';
import { type LayerNormAttrs, layerNormOperation } from '../layer-norm.js';
import type { Operation } from '../registry.js';
import { type RMSNormAttrs, rmsNormOperation } from '../rms-norm.js';
import { native, spread } from './native.js';

interface Affine {
  hasWeight: boolean;
  hasBias: boolean;
}

/** Weight and bias, where they exist. */
function affine(given: readonly tf.Tensor[], { hasWeight, hasBias }: Affine): [tf.Tensor?, tf.Tensor?] {
  return [hasWeight ? given[0] : undefined, hasBias ? given.at(-1) : undefined];
}

/** Flags of x, weight and bias, from those of the inputs that exist. */
function flags(needed: readonly boolean[], { hasWeight, hasBias }: Affine): number[] {
  return [needed[0], hasWeight && needed[1], hasBias && needed.at(-1)].map(Number);
}

const layerForward = native('layer_norm');
const layerBackward = native('layer_norm_backward');

export const layerNorm: Operation<LayerNormAttrs> = {
  name: layerNormOperation.name,

  forward([x, ...given], _, attrs) {
    const [weight, bias] = affine(given, attrs);
    const [y, mean, inverseDeviation] = layerForward([x, weight, bias], [attrs.dims], [attrs.eps]);
    return { value: y!, saved: { x, mean, inverseDeviation, weight } };
  },

  backward(dy, { x, mean, inverseDeviation, weight }, attrs, needed) {
    const ints = [attrs.dims, ...flags(needed, attrs)];
    return spread(needed, layerBackward([dy, x, mean, inverseDeviation, weight], ints));
  },
};

const rmsForward = native('rms_norm');
const rmsBackward = native('rms_norm_backward');

export const rmsNorm: Operation<RMSNormAttrs> = {
  name: rmsNormOperation.name,

  forward([x, weight], _, { dims, eps }) {
    const [y, inverseRoot] = rmsForward([x, weight], [dims], [eps]);
    return { value: y!, saved: { x, inverseRoot, weight } };
  },

  backward(dy, { x, inverseRoot, weight }, { dims }, needed) {
    const ints = [dims, Number(needed[0]), Number(needed[1] ?? false)];
    return spread(needed, rmsBackward([dy, x, inverseRoot, weight], ints));
  },
};

const groupForward = native('group_norm');
const groupBackward = native('group_norm_backward');

export const groupNorm: Operation<GroupNormAttrs> = {
  name: groupNormOperation.name,

  forward([x, ...given], _, attrs) {
    const [weight, bias] = affine(given, attrs);
    const [y, mean, inverseDeviation] = groupForward([x, weight, bias], [attrs.groups], [attrs.eps]);
    return { value: y!, saved: { x, mean, inverseDeviation, weight } };
  },

  backward(dy, { x, mean, inverseDeviation, weight }, attrs, needed) {
    const ints = [attrs.groups, ...flags(needed, attrs)];
    return spread(needed, groupBackward([dy, x, mean, inverseDeviation, weight], ints));
  },
};

const batchForward = native('batch_norm');
const batchBackward = native('batch_norm_backward');

export const batchNorm: Operation<BatchNormAttrs> = {
  name: batchNormOperation.name,

  forward([x, ...given], _, attrs) {
    const { runningMean, runningVar, momentum, eps } = attrs;
    const [weight, bias] = affine(given, attrs);
    const [y, mean, inverseDeviation, newMean, newVar] = batchForward(
      [x, weight, bias, runningMean, runningVar],
      [],
      [momentum, eps],
    );
    runningMean?.assign(newMean!);
    runningVar?.assign(newVar!);
    return { value: y!, saved: { x, mean, inverseDeviation, weight } };
  },

  backward(dy, { x, mean, inverseDeviation, weight }, attrs, needed) {
    return spread(
      needed,
      batchBackward([dy, x, mean, inverseDeviation, weight], flags(needed, attrs), [attrs.eps]),
    );
  },
};
