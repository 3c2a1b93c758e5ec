import { type NativeSession, type OrtBinding, type OrtTensors, openSession } from './binding.js';
import { type Attribute, encodeModel, type OnnxGraph } from './onnx-model.js';
import { Switchboard } from './switchboard.js';

/**
 * One graph, ready to run on any shapes. With `parallel`, it may use all threads of the engine: for calls that take
 * some 100 µs or more.
 */
export type Compiled = (inputs: OrtTensors, outputs: OrtTensors, parallel?: boolean) => void;

const NO_OPTIONS = {};

/** The graphs of one engine, compiled at first use (1 to 2 ms each) and kept until the process ends. */
export class Sessions {
  readonly #compiled = new Map<string, Compiled>();
  readonly #switchboard: Switchboard | undefined;

  constructor(
    readonly binding: OrtBinding,
    readonly threads: number,
  ) {
    this.#switchboard = threads > 1 ? new Switchboard(binding, threads) : undefined;
  }

  /** The compiled graph for `key`, which must name everything that `graph` depends on. */
  get(key: string, graph: () => OnnxGraph): Compiled {
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = this.#compile(graph());
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  #compile(graph: OnnxGraph): Compiled {
    const switchboard = Switchboard.takes(graph) ? this.#switchboard : undefined;
    let single: NativeSession | undefined;
    let line: number | undefined;
    return (inputs, outputs, parallel = false) => {
      if (parallel && switchboard !== undefined) {
        line ??= switchboard.add(graph);
        switchboard.run(line, inputs, outputs.y!);
      } else {
        single ??= openSession(this.binding, encodeModel(graph), { threads: 1 });
        single.run(inputs, outputs, NO_OPTIONS);
      }
    };
  }
}

/** A graph of one node over float32 tensors, output `y`. */
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
