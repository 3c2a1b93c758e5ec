import { type TapeNode, tfjsEngine } from '../engines/tfjs-engine.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { lightenTape } from './light-tape.js';
import { dropTape, freeSaved } from './tape.js';

/**
 * The gradients of what `forward` gives with respect to variables: what tfjs's engine computes, with less memory. A
 * gradient on the way is freed once the operations before it have theirs, and so are the tensors that an operation saved,
 * where tfjs keeps all of them to the end.
 *
 * @param dy the gradient to begin with; by default 1
 * @param onGradient takes over the gradient of each variable that the result depends on, with the variable's index, as
 * soon as nothing is added to it any more
 * @throws PLError PL7009 for an operation without gradient, and for a gradient of another shape or type than its input
 */
export function gradients(
  forward: () => tf.Tensor,
  xs: readonly tf.Variable[],
  dy: tf.Tensor | undefined,
  onGradient: OnGradient,
): void {
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
    engine.tidy('backward', () => walk(tape, xs, y, dy ?? tf.ones(y.shape), frees, onGradient));
  } finally {
    dropTape();
  }
}

type OnGradient = (gradient: tf.Tensor, at: number) => void;

/** Walks the tape from its end. */
function walk(
  tape: readonly TapeNode[],
  xs: readonly tf.Tensor[],
  y: tf.Tensor,
  dy: tf.Tensor,
  frees: boolean,
  onGradient: OnGradient,
): void {
  const dependent = dependents(tape, xs);
  const firstUses = usedFirstBy(tape, xs);
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
    for (const at of firstUses.get(i) ?? []) {
      const gradient = gradients.get(xs[at]!.id);
      if (gradient !== undefined) onGradient(gradient, at);
    }
  }
}

/** By the place of an operation on the tape: the indices of those `xs` that none before it takes. */
function usedFirstBy(tape: readonly TapeNode[], xs: readonly tf.Tensor[]): ReadonlyMap<number, number[]> {
  const open = new Map(xs.map(({ id }, at) => [id, at]));
  const uses = new Map<number, number[]>();
  for (const [i, { inputs }] of tape.entries()) {
    for (const name in inputs) {
      const at = open.get(inputs[name]!.id);
      if (at === undefined) continue;
      open.delete(inputs[name]!.id);
      uses.set(i, [...(uses.get(i) ?? []), at]);
    }
  }
  return uses;
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
