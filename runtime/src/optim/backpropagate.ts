import { type TapeNode, tfjsEngine } from '../engines/tfjs-engine.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { lightenTape } from './light-tape.js';
import { dropTape, freeSaved } from './tape.js';

/**
 * The gradients of what `forward` gives with respect to variables, `undefined` for those that it does not depend on:
 * what tfjs's engine computes, with less memory. A gradient on the way is freed once the operations before it have
 * theirs, and so are the tensors that an operation saved, where tfjs keeps all of them to the end.
 *
 * @param dy the gradient to begin with; by default 1
 * @throws PLError PL7009 for an operation without gradient, and for a gradient of another shape or type than its input
 */
export function gradients(
  forward: () => tf.Tensor,
  xs: readonly tf.Variable[],
  dy?: tf.Tensor,
): (tf.Tensor | undefined)[] {
  lightenTape();
  const engine = tfjsEngine();
  engine.startTape();
  let y: tf.Tensor;
  try {
    y = engine.tidy('forward', forward);
  } finally {
    engine.endTape();
  }
  const tape = engine.state.activeTape!;
  const frees = engine.state.gradientDepth === 0;
  try {
    return engine.tidy('backward', () => {
      const found = walk(tape, xs, y, dy ?? tf.ones(y.shape), frees);
      return xs.map((x) => found.get(x.id));
    });
  } finally {
    dropTape();
  }
}

/** Walks the tape from its end. Returns the gradients of what no operation made, by the tensor's id. */
function walk(
  tape: readonly TapeNode[],
  xs: readonly tf.Tensor[],
  y: tf.Tensor,
  dy: tf.Tensor,
  frees: boolean,
): ReadonlyMap<number, tf.Tensor> {
  const dependent = dependents(tape, xs);
  const gradients = new Map<number, tf.Tensor>([[y.id, dy]]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i]!;
    const { outputs } = node;
    if (outputs.some(({ id }) => gradients.has(id) && dependent.has(id))) {
      const dys = outputs.map(({ id }) => gradients.get(id) ?? null);
      for (const { id } of outputs) gradients.delete(id);
      const wanted = Object.entries(node.inputs).filter(([, { id }]) => dependent.has(id));
      const dxs = tf.tidy(() => inputGradients(node, wanted, dys));
      for (const [at, [, x]] of wanted.entries()) add(gradients, x.id, dxs[at]!);
      for (const used of dys) used?.dispose();
    }
    if (frees) {
      freeSaved(node);
      node.saved = [];
    }
  }
  return gradients;
}

/** The ids of `xs` and of everything that was computed from them. */
function dependents(tape: readonly TapeNode[], xs: readonly tf.Tensor[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const { id } of xs) ids.add(id);
  for (const { inputs, outputs } of tape) {
    for (const name in inputs) {
      if (!ids.has(inputs[name]!.id)) continue;
      for (const { id } of outputs) ids.add(id);
      break;
    }
  }
  return ids;
}

/** The gradients of the inputs that are wanted, each a tensor of its own. */
function inputGradients(
  node: TapeNode,
  wanted: readonly [name: string, x: tf.Tensor][],
  dys: (tf.Tensor | null)[],
): tf.Tensor[] {
  if (node.gradient === undefined) {
    throw new PLError('PL7009', `the loss depends on ${node.kernelName}, an operation that has no gradient`, {
      hint: 'Keep it out of what the loss is computed from, or give it a gradient with tf.customGrad.',
    });
  }
  // An operation of the functional module computes only the gradients of the inputs that it finds here.
  const byName = node.gradient.call({ ...node, inputs: Object.fromEntries(wanted) }, dys);
  const taken = new Set<tf.Tensor | null>(dys);
  return wanted.map(([name, x]) => {
    const dx = byName[name]?.();
    if (dx?.dtype !== 'float32' || !tf.util.arraysEqual(dx.shape, x.shape)) {
      const got = dx === undefined ? 'none' : `${dx.dtype} [${dx.shape}]`;
      throw new PLError(
        'PL7009',
        `the gradient of ${node.kernelName} for its input '${name}' must be float32 [${x.shape}], got ${got}`,
      );
    }
    // Whoever made the gradient may hand out the same tensor twice, or keep it.
    if (dx.kept || taken.has(dx)) return dx.clone();
    taken.add(dx);
    return dx;
  });
}

function add(gradients: Map<number, tf.Tensor>, id: number, dx: tf.Tensor): void {
  const sum = gradients.get(id);
  if (sum === undefined) {
    gradients.set(id, dx);
    return;
  }
  gradients.set(id, tf.add(sum, dx));
  sum.dispose();
  dx.dispose();
}
