import { type DropoutAttrs, dropoutOperation } from '../dropout.js';
import type { Operation } from '../registry.js';
import { advance, native } from './native.js';

const draw = native('dropout');

/** The composition's backward pass is one kernel already. */
export const dropout: Operation<DropoutAttrs> = {
  ...dropoutOperation,

  forward([x], _, { p, generator }) {
    const [y, mask] = draw([x], [], [p, ...generator.state()]);
    advance(generator, 1);
    return { value: y!, saved: { mask } };
  },
};
