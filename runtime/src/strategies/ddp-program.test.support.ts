/**
 * A program that trains on several devices, for tests to start: `ddp-program.test.support.ts <JSON of ProgramOptions>`.
 * Every rank writes what it has come to into the folder, as `rank-<n>.json`.
 */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Adam,
  ArrayDataset,
  crossEntropy,
  DataLoader,
  dropout,
  Hook,
  LightningModule,
  ModelCheckpoint,
  SGD,
  seedEverything,
  Trainer,
  type TrainerOptions,
  TrainingStep,
  tf,
  ValidationStep,
} from '../index.js';

export interface ProgramOptions {
  folder: string;
  trainer: TrainerOptions;
  /** Samples per batch of each process. */
  batchSize: number;
  samples?: number;
  optimizer?: 'sgd' | 'adam';
  dropout?: number;
  shuffle?: boolean;
  ckptPath?: string;
  /** Saves every so many steps, and keeps all. */
  saveEvery?: number;
  /** Gives every process data of its own, without length: this many batches, by rank. */
  streams?: number[];
  misbehave?: { rank: number; step: number; how: 'throw' | 'die' | 'hang' | 'skipHead' | 'stop' };
}

export interface RankResult {
  rank: number;
  worldSize: number;
  digest: string;
  weights: number[];
  globalStep: number;
  epochs: number;
  metrics: Record<string, number>;
  tested: Record<string, number>;
  prepared: number;
  gathered: number[];
  /** Samples that this process trained on, by step. */
  trainedOn: number[][];
  testedOn: number[];
  masks: number[];
  logDir: string;
  /** Numbers that the optimizer of this process keeps in tensors. */
  stateSize: number;
}

const options = JSON.parse(process.argv[2]!) as ProgramOptions;
const { folder, batchSize, samples = 96, misbehave } = options;

const dataset = new ArrayDataset({
  x: { data: Float32Array.from({ length: samples * 6 }, (_, i) => Math.sin(i * 1.7)), shape: [samples, 6] },
  label: Int32Array.from({ length: samples }, (_, i) => (i * 7) % 3),
  index: Int32Array.from({ length: samples }, (_, i) => i),
});
type Batch = { x: tf.Tensor2D; label: tf.Tensor1D; index: tf.Tensor1D };

class Net extends LightningModule {
  readonly hidden = tf.variable(tf.randomNormal([6, 8], 0, 0.5));
  readonly bias = tf.variable(tf.zeros([8]));
  readonly head = tf.variable(tf.randomNormal([8, 3], 0, 0.5));
  readonly movingMean = tf.variable(tf.zeros([8]), false);
  prepared = 0;
  readonly trainedOn: number[][] = [];
  readonly testedOn: number[] = [];
  readonly masks: number[] = [];

  forward(x: tf.Tensor2D): tf.Tensor2D {
    const hidden = x.matMul(this.hidden).add(this.bias).tanh() as tf.Tensor2D;
    if (this.training) this.movingMean.assign(this.movingMean.mul(0.9).add(hidden.mean(0).mul(0.1)));
    const dropped = dropout(hidden, { p: options.dropout ?? 0, training: this.training }) as tf.Tensor2D;
    if (this.training) this.masks.push(dropped.notEqual(0).sum().dataSync()[0]!);
    const head = this.misbehaves('skipHead') ? tf.ones([8, 3]) : this.head;
    return dropped.matMul(head as tf.Tensor2D) as tf.Tensor2D;
  }

  misbehaves(how: string): boolean {
    return misbehave?.how === how && misbehave.rank === this.globalRank && misbehave.step === this.globalStep;
  }

  @Hook('prepare_data')
  prepare(): void {
    this.prepared++;
  }

  @TrainingStep
  train({ x, label, index }: Batch): tf.Scalar {
    if (this.misbehaves('throw')) throw new Error('the sample is broken');
    if (this.misbehaves('die')) process.kill(process.pid, 'SIGKILL');
    if (this.misbehaves('hang')) for (;;);
    if (this.misbehaves('stop')) this.trainer.shouldStop = true;
    this.trainedOn.push([...index.dataSync()]);
    const loss = crossEntropy(this.forward(x), label.toInt());
    this.log('train_loss', loss, { onStep: true, onEpoch: true, syncDist: true });
    return loss;
  }

  @ValidationStep
  validate({ x, label }: Batch): void {
    this.log('val_loss', crossEntropy(this.forward(x), label), { syncDist: true });
    this.log('val_count', x.shape[0], { reduceFx: 'sum', syncDist: true });
    this.log('largest_rank', this.globalRank, { reduceFx: 'max', syncDist: true });
  }

  @Hook('test_step')
  test({ x, label, index }: Batch): void {
    this.testedOn.push(...index.dataSync());
    this.log('test_loss', crossEntropy(this.forward(x), label), { syncDist: true });
  }

  @Hook('configure_optimizers')
  optimizer() {
    return options.optimizer === 'adam'
      ? new Adam(this.parameters(), { lr: 0.01 })
      : new SGD(this.parameters(), { lr: 0.1, momentum: 0.9 });
  }
}

async function* stream(batches: number) {
  for (let i = 0; i < batches * batchSize; i++)
    yield { x: [i, 1, 2, 3, 4, 5].map(Math.sin), label: i % 3, index: i };
}

writeFileSync(join(folder, `pid-${process.env.RANK ?? 0}`), String(process.pid));
seedEverything(7);
const net = new Net();
const trainer = new Trainer({
  enableProgressBar: false,
  enableModelSummary: false,
  numSanityValSteps: 0,
  engine: 'ort',
  threads: 1,
  logEveryNSteps: 1,
  callbacks: options.saveEvery
    ? new ModelCheckpoint({ everyNTrainSteps: options.saveEvery, saveTopK: -1 })
    : [],
  ...options.trainer,
  defaultRootDir: folder,
});
const train = options.streams
  ? (new DataLoader(
      { [Symbol.asyncIterator]: () => stream(options.streams![trainer.globalRank]!) },
      {
        batchSize,
      },
    ) as unknown as DataLoader<Batch>)
  : (new DataLoader(dataset, {
      batchSize,
      shuffle: options.shuffle ?? false,
    }) as unknown as DataLoader<Batch>);
const evaluation = new DataLoader(dataset, { batchSize }) as unknown as DataLoader<Batch>;
await trainer.fit(net, {
  trainDataloader: train,
  valDataloaders: evaluation,
  ...(options.ckptPath !== undefined && { ckptPath: options.ckptPath }),
});
const { globalStep, currentEpoch, globalRank, logDir } = trainer;
const metrics = { ...trainer.callbackMetrics };
const { tensors } = trainer.optimizers[0]!.stateDict(({ name }) => name);
const stateSize = Object.values(tensors)
  .flatMap((slots) => Object.values(slots))
  .reduce((sum, { size }) => sum + size, 0);
const gathered = net.allGather({ rank: tf.scalar(globalRank) }).rank;
const [tested] = await trainer.test(net, { dataloaders: evaluation });

const weights = [...net.stateDict().values()].flatMap((variable) => [...variable.dataSync()]);
const result: RankResult = {
  rank: globalRank,
  worldSize: trainer.worldSize,
  digest: createHash('sha256').update(new Float32Array(weights)).digest('hex'),
  weights,
  globalStep,
  epochs: currentEpoch,
  metrics,
  tested: tested!,
  prepared: net.prepared,
  gathered: [...gathered.dataSync()],
  trainedOn: net.trainedOn,
  testedOn: net.testedOn,
  masks: net.masks,
  logDir,
  stateSize,
};
writeFileSync(join(folder, `rank-${globalRank}.json`), JSON.stringify(result));
