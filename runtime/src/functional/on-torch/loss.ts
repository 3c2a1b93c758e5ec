import { type BinaryCrossEntropyAttrs, binaryCrossEntropyOperation } from '../binary-cross-entropy.js';
import { type CrossEntropyAttrs, crossEntropyOperation } from '../cross-entropy.js';
import type { Operation } from '../registry.js';
import { native, reductionCodes } from './native.js';

/** No label: what a position may not have. */
const NO_LABEL = -(2 ** 31);

const crossEntropyForward = native('cross_entropy');
const crossEntropyBackward = native('cross_entropy_backward');
const settings = ({ ignoreIndex = NO_LABEL, reduction }: CrossEntropyAttrs) => [
  ignoreIndex,
  reductionCodes[reduction],
];

export const crossEntropy: Operation<CrossEntropyAttrs> = {
  name: crossEntropyOperation.name,

  forward([logits], [labels, weight], attrs) {
    const [loss, logProbs, totalWeight] = crossEntropyForward([logits, labels, weight], settings(attrs), [
      attrs.labelSmoothing,
    ]);
    return { value: loss!, saved: { logProbs, labels, totalWeight, weight } };
  },

  backward(dy, { logProbs, labels, totalWeight, weight }, attrs) {
    const shape = [...labels!.shape, logProbs!.shape[1]!];
    return crossEntropyBackward(
      [dy, logProbs, labels, totalWeight, weight],
      [...settings(attrs), ...shape],
      [attrs.labelSmoothing],
    );
  },
};

const binaryForward = native('binary_cross_entropy');
const binaryBackward = native('binary_cross_entropy_backward');

export const binaryCrossEntropy: Operation<BinaryCrossEntropyAttrs> = {
  name: binaryCrossEntropyOperation.name,

  forward([logits], [targets, ...weights], { hasWeight, hasPosWeight, reduction }) {
    const weight = hasWeight ? weights[0] : undefined;
    const posWeight = hasPosWeight ? weights.at(-1) : undefined;
    const [loss] = binaryForward([logits, targets, weight, posWeight], [reductionCodes[reduction]]);
    return { value: loss!, saved: { logits, targets, weight, posWeight } };
  },

  backward(dy, { logits, targets, weight, posWeight }, { reduction }) {
    return binaryBackward([dy, logits, targets, weight, posWeight], [reductionCodes[reduction]]);
  },
};
