import { PLError } from '../errors/pl-error.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { OptimizerStateDict } from '../optim/optimizer-state.js';
import { paramsOf } from '../optim/params-of.js';
import * as tf from '../tf.js';
import { DDPStrategy } from './ddp.js';
import { broadcastVariables } from './module-sync.js';

/** What one rank keeps of an optimizer: numbers, and the shapes of its tensors, by parameter. */
interface OwnState {
  scalars: Record<string, Record<string, number>>;
  shapes: Record<string, Record<string, number[]>>;
}

/**
 * As `ddp`, with the optimizer's state divided among the ranks: each keeps that of some parameters, updates them and sends
 * them to the others (stage 1 of Rajbhandari et al., "ZeRO", 2020, by whole parameters).
 */
export class ShardedStrategy extends DDPStrategy {
  readonly #owners = new Map<tf.Variable, number>();
  readonly #load = new Float64Array(this.worldSize);
  #collected: tf.Tensor[] = [];

  override get holdsWholeState(): boolean {
    return false;
  }

  override prepareOptimizers(optimizers: readonly Optimizer[]): void {
    for (const optimizer of optimizers) {
      if (optimizer.shard === undefined) {
        throw new PLError('PL8010', `the state of ${optimizer.type} cannot be divided among processes.`, {
          hint: "Set trainer.strategy to 'ddp', or use an optimizer that updates each parameter by itself.",
        });
      }
      this.#assign(paramsOf(optimizer));
      optimizer.shard({
        owns: (param) => this.#ownerOf(param) === this.globalRank,
        onUpdated: () => this.#exchange(paramsOf(optimizer)),
      });
    }
  }

  /** The largest first, each to the rank that has least: the same on every rank. */
  #assign(params: readonly tf.Variable[]): void {
    const order = params
      .map((param, i) => ({ param, i }))
      .sort((a, b) => b.param.size - a.param.size || a.i - b.i);
    for (const { param } of order) this.#ownerOf(param);
  }

  #ownerOf(param: tf.Variable): number {
    let owner = this.#owners.get(param);
    if (owner === undefined) {
      owner = this.#load.indexOf(Math.min(...this.#load));
      this.#load[owner]! += param.size;
      this.#owners.set(param, owner);
    }
    return owner;
  }

  #exchange(params: readonly tf.Variable[]): void {
    for (let rank = 0; rank < this.worldSize; rank++) {
      const owned = params.filter((param) => this.#ownerOf(param) === rank);
      broadcastVariables(this.group, owned, rank);
    }
  }

  override optimizerState(optimizer: Optimizer, nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    const own = optimizer.stateDict(nameOf);
    const states = this.gatherObjects<OwnState>({
      scalars: own.scalars.state,
      shapes: Object.fromEntries(
        Object.entries(own.tensors).map(([name, slots]) => [
          name,
          Object.fromEntries(Object.entries(slots).map(([slot, { shape }]) => [slot, shape])),
        ]),
      ),
    });
    for (const tensor of this.#collected) tensor.dispose();
    this.#collected = [];
    const whole: OptimizerStateDict = {
      tensors: {},
      scalars: { ...own.scalars, state: Object.assign({}, ...states.map(({ scalars }) => scalars)) },
    };
    for (const [rank, { shapes }] of states.entries()) {
      for (const [name, slots] of Object.entries(shapes)) {
        for (const [slot, shape] of Object.entries(slots)) {
          const tensor = this.#send(rank, shape, own.tensors[name]?.[slot]);
          if (tensor !== undefined) whole.tensors[name] = { ...whole.tensors[name], [slot]: tensor };
        }
      }
    }
    return whole;
  }

  /** A tensor of one rank on its way to rank 0, which keeps it. */
  #send(from: number, shape: number[], own: tf.Tensor | undefined): tf.Tensor | undefined {
    const values =
      own === undefined ? new Float32Array(tf.util.sizeFromShape(shape)) : (own.dataSync() as Float32Array);
    if (from !== 0) this.group.broadcast([values], from).wait();
    if (!this.isGlobalZero) return undefined;
    if (own !== undefined) return own;
    const tensor = tf.keep(tf.tensor(values, shape, 'float32'));
    this.#collected.push(tensor);
    return tensor;
  }
}
