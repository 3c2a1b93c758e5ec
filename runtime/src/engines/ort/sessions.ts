import { type NativeSession, type OrtBinding, type OrtTensors, openSession } from './binding.js';
import { type Attribute, encodeModel, type OnnxGraph } from './onnx-model.js';

/** One graph, ready to run on any shapes. */
export type Compiled = (inputs: OrtTensors, outputs: OrtTensors) => void;

const NO_OPTIONS = {};

/**
 * The sessions of one engine: made at first use (0.6 to 2 ms each), kept until the process ends. Every session owns
 * a thread pool, so only graphs that say so (`parallel`) get more than one thread.
 */
export class Sessions {
  readonly #compiled = new Map<string, Compiled>();

  constructor(
    readonly binding: OrtBinding,
    readonly threads: number,
  ) {}

  /** The compiled graph for `key`, which must name everything that `graph` depends on. */
  get(key: string, graph: () => OnnxGraph & { parallel?: boolean }): Compiled {
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const described = graph();
    const threads = described.parallel ? this.threads : 1;
    const session: NativeSession = openSession(this.binding, encodeModel(described), { threads });
    const compiled: Compiled = (inputs, outputs) => {
      session.run(inputs, outputs, NO_OPTIONS);
    };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

/** A graph of one node over float32 tensors: inputs `a`, `b`, `c`… in the operator's order, output `y`. */
export function oneNode(
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): OnnxGraph {
  return {
    nodes: [{ op, domain, inputs, outputs: ['y'], attributes }],
    inputs: Object.fromEntries(inputs.map((name) => [name, 'float32' as const])),
    outputs: { y: 'float32' },
  };
}
