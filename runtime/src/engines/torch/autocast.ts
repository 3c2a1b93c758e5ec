import * as tf from '../../tf.js';
import type { AutocastEngine, HalfType, MatmulPrecision, Precision } from '../autocast-engine.js';
import { type TapeNode, tfjsEngine } from '../tfjs-engine.js';
import type { TorchAddon } from './addon.js';
import type { TorchBackend } from './backend.js';
import type { PrecisionCode } from './exchange.js';
import { operation } from './operation.js';

type HalfPrecision = Exclude<Precision, '32-true'>;

/** What libtorch computes well on a kind of device. Float16 has no arithmetic of its own on CPUs, bfloat16 not on all of MPS. */
const precisions: Readonly<Record<string, readonly HalfPrecision[]>> = {
  cpu: ['bf16-mixed', 'bf16-true'],
  cuda: ['16-mixed', 'bf16-mixed', '16-true', 'bf16-true'],
  mps: ['16-mixed', '16-true'],
};

const mixed: Readonly<Record<HalfType, PrecisionCode>> = { float16: 1, bfloat16: 2 };
const everywhere: Readonly<Record<HalfType, PrecisionCode>> = { float16: 5, bfloat16: 6 };

const unscaleOp = operation('unscale');
const keepIn16Bits = operation('keep_in_16_bits');

/**
 * 16 bits on libtorch. Which operations compute in them stands at each operation's definition in `runtime/native/ops`;
 * the precision travels with every call, and tensors may be of 16 bits in the addon while tfjs sees float32.
 */
export class TorchAutocast implements AutocastEngine {
  constructor(private readonly addon: TorchAddon) {}

  precisions(device: string): readonly HalfPrecision[] {
    return precisions[device.split(':')[0]!] ?? [];
  }

  autocast<Result>(type: HalfType, forward: () => Result): Result {
    return withPrecision(mixed[type], forward);
  }

  computeIn<Result>(type: HalfType, forward: () => Result): Result {
    return withPrecision(everywhere[type], forward);
  }

  convertVariables(variables: readonly tf.Variable[], type: HalfType): void {
    const real = variables.filter(({ dtype }) => dtype === 'float32');
    backend().run(keepIn16Bits, real, [Number(type === 'bfloat16')], []);
  }

  setMatmulPrecision(precision: MatmulPrecision): void {
    this.addon.setMatmulPrecision(precision);
  }

  /** The tensors must each be the only holder of their data id. */
  scaleAndCheckFinite(tensors: readonly tf.Tensor[], factor: number): boolean {
    const torch = backend();
    torch.run(unscaleOp, tensors, [], [factor]);
    return torch.answer(0) === 1;
  }
}

function backend(): TorchBackend {
  return tf.backend() as TorchBackend;
}

/** Runs `forward` with this precision, and later the gradients of what it put on the tape. */
function withPrecision<Result>(code: PrecisionCode, forward: () => Result): Result {
  const torch = backend();
  const before = torch.precision;
  const recorded = tfjsEngine().state.activeTape?.length ?? 0;
  torch.precision = code;
  try {
    return forward();
  } finally {
    torch.precision = before;
    const tape = tfjsEngine().state.activeTape ?? [];
    for (let i = recorded; i < tape.length; i++) keepPrecision(tape[i]!, torch, code);
  }
}

function keepPrecision(node: TapeNode, torch: TorchBackend, code: PrecisionCode): void {
  const { gradient } = node;
  if (gradient === undefined) return;
  const run = <Result>(f: () => Result): Result => {
    const before = torch.precision;
    torch.precision = code;
    try {
      return f();
    } finally {
      torch.precision = before;
    }
  };
  node.gradient = function (this: TapeNode, dys) {
    const byInput = run(() => gradient.call(this, dys));
    for (const name in byInput) {
      const compute = byInput[name]!;
      byInput[name] = () => run(compute);
    }
    return byInput;
  };
}
