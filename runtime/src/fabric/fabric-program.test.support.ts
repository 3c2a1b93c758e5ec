/** A loop that is written by hand, for tests to start: `<program> <JSON of FabricScenario[]>`; the first process prints a result for each. */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  Adam,
  ArrayDataset,
  clearGrads,
  DataLoader,
  Fabric,
  type FabricOptions,
  LightningModule,
  SGD,
  seedEverything,
  tf,
} from '../index.js';

export interface FabricScenario {
  fabric: FabricOptions;
  /** Samples per batch of each process. */
  batchSize: number;
  optimizer: 'sgd' | 'adam' | 'tf.sgd' | 'tf.adam';
  steps: number;
  /** Batches per step. */
  accumulate?: number;
  clip?: number;
  /** Saves there after half of the steps, and loads from there before the first where it is set to `load`. */
  file?: { path: string; use: 'save' | 'load' };
  /** Throws in this rank in the second step. */
  misbehave?: number;
}

export interface FabricResult {
  worldSize: number;
  weights: number[];
  digest: string;
  gathered: number[];
  reduced: { loss: number; ranks: number[] };
  sent: { text: string; values: number[] };
  order: string[];
  remainder: Record<string, unknown>;
}

const features = Array.from({ length: 64 * 3 }, (_, i) => Math.sin(i * 1.7));
const targets = Array.from({ length: 64 }, (_, i) => Math.cos(i * 0.9));
const dataset = new ArrayDataset({
  x: { data: Float32Array.from(features), shape: [64, 3] },
  y: Float32Array.from(targets),
});

class Net extends LightningModule {
  readonly hidden = tf.layers.dense({ units: 4, inputShape: [3], activation: 'tanh' });
  readonly head = tf.layers.dense({ units: 1, inputShape: [4] });

  constructor() {
    super();
    this.hidden.build([null, 3]);
    this.head.build([null, 4]);
  }

  forward(x: tf.Tensor): tf.Tensor1D {
    return (this.head.apply(this.hidden.apply(x)) as tf.Tensor2D).squeeze([1]);
  }
}

async function run(fabric: Fabric, scenario: FabricScenario): Promise<FabricResult> {
  const { batchSize, steps, accumulate = 1, clip, file } = scenario;
  seedEverything(7 + fabric.globalRank);
  const net = new Net();
  const make = {
    sgd: () => new SGD(net.parameters(), { lr: 0.1, momentum: 0.5 }),
    adam: () => new Adam(net.parameters(), { lr: 0.05 }),
    'tf.sgd': () => tf.train.momentum(0.1, 0.5),
    'tf.adam': () => tf.train.adam(0.05),
  };
  const [model, optimizer] = fabric.setup(net, make[scenario.optimizer]());
  const loader = fabric.setupDataLoaders(new DataLoader(dataset, { batchSize }));
  let remainder: Record<string, unknown> = {};
  if (file?.use === 'load') remainder = await fabric.load(file.path, { model, optimizer });
  const start = (remainder.step as number | undefined) ?? 0;

  const stream = (function* () {
    for (;;) yield* loader;
  })();
  for (let skipped = 0; skipped < start * accumulate; skipped++) stream.next();
  const lossOf = ({ x, y }: { x: tf.Tensor; y: tf.Tensor }) =>
    model.forward(x).sub(y).square().mean().div(accumulate) as tf.Scalar;

  let last = 0;
  for (let step = start; step < steps; step++) {
    if (step === 1 && fabric.globalRank === scenario.misbehave) throw new Error('it went wrong here');
    if ('minimize' in optimizer) {
      const batch = stream.next().value!;
      const loss = optimizer.minimize(() => lossOf(batch), true)!;
      last = loss.dataSync()[0]!;
    } else {
      optimizer.zeroGrad();
      for (let i = 0; i < accumulate; i++) {
        const batch = stream.next().value!;
        const isLast = i === accumulate - 1;
        const loss = fabric.noBackwardSync(() => fabric.backward(() => lossOf(batch)), { enabled: !isLast });
        last = loss.dataSync()[0]!;
      }
      if (clip !== undefined) fabric.clipGradients(optimizer, { maxNorm: clip });
      optimizer.step();
    }
    if (file?.use === 'save' && step + 1 === steps / 2) {
      await fabric.save(file.path, { model, optimizer, step: step + 1, note: 'half' });
    }
  }
  clearGrads(net.parameters());

  const order: string[] = [];
  await fabric.rankZeroFirst(() => order.push(`${fabric.globalRank}`, `${readdirSync('.').length > 0}`));
  const weights = net.parameters().flatMap((variable) => [...variable.dataSync()]);
  const sent = fabric.broadcast(
    { text: `of ${fabric.globalRank}`, tensor: tf.tensor1d([fabric.globalRank, 2]) },
    fabric.worldSize - 1,
  );
  return {
    worldSize: fabric.worldSize,
    weights,
    digest: createHash('sha256').update(Float32Array.from(weights)).digest('hex'),
    gathered: [...fabric.allGather(tf.scalar(fabric.globalRank)).dataSync()],
    reduced: {
      loss: fabric.allReduce(last),
      ranks: [...fabric.allReduce(tf.tensor1d([fabric.globalRank, 1]), { reduceOp: 'sum' }).dataSync()],
    },
    sent: { text: sent.text, values: [...sent.tensor.dataSync()] },
    order,
    remainder,
  };
}

for (const scenario of JSON.parse(process.argv[2]!) as FabricScenario[]) {
  const fabric = new Fabric(scenario.fabric);
  const result = await fabric.launch(() => run(fabric, scenario));
  fabric.print(JSON.stringify(result));
}
