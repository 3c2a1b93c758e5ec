import { geluOperation, geluTanhOperation } from '../gelu.js';
import type { Operation } from '../registry.js';
import { siluOperation } from '../silu.js';
import { native } from './native.js';

const runGelu = native('gelu');
const runGeluBackward = native('gelu_backward');
const runSilu = native('silu');
const runSiluBackward = native('silu_backward');

/** An activation whose gradient is a function of dy and x. */
function activation(
  { name }: Operation<undefined>,
  run: typeof runGelu,
  runBackward: typeof runGelu,
  ints?: readonly number[],
): Operation<undefined> {
  return {
    name,
    forward: ([x]) => ({ value: run([x], ints)[0]!, saved: { x } }),
    backward: (dy, { x }) => runBackward([dy, x], ints),
  };
}

export const gelu = activation(geluOperation, runGelu, runGeluBackward, [0]);
export const geluTanh = activation(geluTanhOperation, runGelu, runGeluBackward, [1]);
export const silu = activation(siluOperation, runSilu, runSiluBackward);
