/**
 * A program that trains on several devices, for tests to start: `<program> <folder> <JSON of Scenario[]>`. Every rank runs
 * the scenarios one after the other and writes what it has come to into the folder, as `rank-<n>.json`.
 */

import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Adam,
  ArrayDataset,
  batchNorm,
  crossEntropy,
  DataLoader,
  dropout,
  gradOf,
  Hook,
  LBFGS,
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

export interface Scenario {
  /** The folder of its files, in that of the run. */
  name: string;
  trainer: TrainerOptions;
  /** Samples per batch of each process. */
  batchSize: number;
  samples?: number;
  optimizer?: 'sgd' | 'adam' | 'lbfgs';
  dropout?: number;
  /** Puts batch normalization into the model, as a function and as a layer. */
  norm?: boolean;
  shuffle?: boolean;
  /** Taken where there is such a file. */
  ckptPath?: string;
  checkpoint?: ConstructorParameters<typeof ModelCheckpoint>[0];
  /** Gives every process data of its own, without length: this many batches, by rank. */
  streams?: number[];
  /** What a rank does at a step, unless the launcher has started it again. */
  misbehave?: {
    rank: number;
    step: number;
    how: 'throw' | 'die' | 'hang' | 'freeze' | 'terminate' | 'skipHead' | 'stop';
  };
}

/** What a rank has come to in a scenario. */
export interface ScenarioResult {
  rank: number;
  worldSize: number;
  /** Of all weights and buffers. */
  digest: string;
  weights: number[];
  globalStep: number;
  metrics: Record<string, number>;
  /** The loss that was logged at each step. */
  losses: number[];
  tested: Record<string, number>;
  prepared: number;
  gathered: number[];
  /** Samples that this process trained on, by step. */
  trainedOn: number[][];
  testedOn: number[];
  /** Samples of each batch that was predicted, and what was predicted for them. */
  predicted: { index: number[]; score: number[] }[];
  masks: number[];
  /** A digest of the gradients after each backward pass. */
  gradients: string[];
  logDir: string;
  /** Numbers that the optimizer of this process keeps in tensors. */
  stateSize: number;
}

type Batch = { x: tf.Tensor2D; label: tf.Tensor1D; index: tf.Tensor1D };

const digest = (values: Iterable<number>) =>
  createHash('sha256').update(Float32Array.from(values)).digest('hex').slice(0, 16);
const valuesOf = (tensors: Iterable<tf.Tensor>) => [...tensors].flatMap((tensor) => [...tensor.dataSync()]);

class Net extends LightningModule {
  readonly hidden = tf.variable(tf.randomNormal([6, 8], 0, 0.5));
  readonly bias = tf.variable(tf.zeros([8]));
  readonly head = tf.variable(tf.randomNormal([8, 3], 0, 0.5));
  readonly norm: Norm | undefined;
  /** The last variable of the model. */
  readonly movingMean: tf.Variable;
  prepared = 0;
  readonly losses: number[] = [];
  readonly trainedOn: number[][] = [];
  readonly testedOn: number[] = [];
  readonly masks: number[] = [];
  readonly gradients: string[] = [];

  constructor(private readonly scenario: Scenario) {
    super();
    if (scenario.norm) this.norm = new Norm();
    this.movingMean = tf.variable(tf.zeros([8]), false);
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    const linear = x.matMul(this.hidden).add(this.bias);
    const hidden = (this.norm?.apply(linear, this.training) ?? linear).tanh();
    if (this.training) this.movingMean.assign(this.movingMean.mul(0.9).add(hidden.mean(0).mul(0.1)));
    const dropped = dropout(hidden, { p: this.scenario.dropout ?? 0, training: this.training });
    if (this.training) this.masks.push(dropped.notEqual(0).sum().dataSync()[0]!);
    const head = this.misbehaves('skipHead') ? tf.ones([8, 3]) : this.head;
    return dropped.matMul(head) as tf.Tensor2D;
  }

  misbehaves(how: string): boolean {
    const { misbehave } = this.scenario;
    const isRestart = Number(process.env.TORCHELASTIC_RESTART_COUNT ?? 0) > 0;
    if (misbehave?.how !== how || isRestart) return false;
    return misbehave.rank === this.globalRank && misbehave.step === this.globalStep;
  }

  @Hook('prepare_data')
  prepare(): void {
    this.prepared++;
  }

  @TrainingStep
  train({ x, label, index }: Batch): tf.Scalar {
    if (this.misbehaves('throw')) throw new Error('the sample is broken');
    if (this.misbehaves('die')) process.kill(process.pid, 'SIGKILL');
    if (this.misbehaves('freeze')) process.kill(process.pid, 'SIGSTOP');
    if (this.misbehaves('terminate')) process.kill(process.pid, 'SIGTERM');
    if (this.misbehaves('hang')) for (;;);
    if (this.misbehaves('stop')) this.trainer.shouldStop = true;
    this.trainedOn.push([...index.dataSync()]);
    const loss = crossEntropy(this.forward(x), label.toInt());
    this.log('train_loss', loss, { onStep: true, onEpoch: true, syncDist: true });
    return loss;
  }

  @Hook('on_after_backward')
  inspect(): void {
    this.gradients.push(digest(valuesOf(this.parameters().map((param) => gradOf(param) ?? tf.tensor1d([])))));
  }

  @Hook('on_train_batch_end')
  remember(): void {
    this.losses.push(this.trainer.callbackMetrics.train_loss_step!);
  }

  @ValidationStep
  validate({ x, label }: Batch): void {
    this.log('val_loss', crossEntropy(this.forward(x), label.toInt()), { syncDist: true });
    this.log('val_count', x.shape[0], { reduceFx: 'sum', syncDist: true });
    this.log('largest_rank', this.globalRank, { onStep: true, reduceFx: 'max', syncDist: true });
  }

  @Hook('test_step')
  test({ x, label, index }: Batch): void {
    this.testedOn.push(...index.dataSync());
    this.log('test_loss', crossEntropy(this.forward(x), label.toInt()), { syncDist: true });
  }

  @Hook('predict_step')
  predict({ x, index }: Batch) {
    return { index: [...index.dataSync()], score: [...this.forward(x).max(1).dataSync()] };
  }

  @Hook('configure_optimizers')
  optimizer() {
    switch (this.scenario.optimizer) {
      case 'adam':
        return new Adam(this.parameters(), { lr: 0.01 });
      case 'lbfgs':
        return new LBFGS(this.parameters(), { lineSearchFn: 'strong_wolfe', maxIter: 4 });
      default:
        return new SGD(this.parameters(), { lr: 0.1, momentum: 0.9 });
    }
  }
}

class Norm {
  readonly gain = tf.variable(tf.linspace(0.5, 1.5, 8) as tf.Tensor1D);
  readonly offset = tf.variable(tf.linspace(-0.5, 0.5, 8) as tf.Tensor1D);
  readonly mean = tf.variable(tf.zeros([8]), false);
  readonly variance = tf.variable(tf.ones([8]), false);
  readonly layer = tf.layers.batchNormalization();

  constructor() {
    this.layer.build([null, 8]);
  }

  apply(x: tf.Tensor, training: boolean): tf.Tensor {
    const { gain, offset, mean, variance } = this;
    const first = batchNorm(x, {
      weight: gain as unknown as tf.Tensor1D,
      bias: offset as unknown as tf.Tensor1D,
      ...{ runningMean: mean, runningVar: variance, training },
    });
    return this.layer.apply(first.relu(), { training }) as tf.Tensor;
  }
}

async function* stream(samples: number) {
  for (let i = 0; i < samples; i++) yield { x: [i, 1, 2, 3, 4, 5].map(Math.sin), label: i % 3, index: i };
}

function dataset(samples: number) {
  return new ArrayDataset({
    x: { data: Float32Array.from({ length: samples * 6 }, (_, i) => Math.sin(i * 1.7)), shape: [samples, 6] },
    label: Int32Array.from({ length: samples }, (_, i) => (i * 7) % 3),
    index: Int32Array.from({ length: samples }, (_, i) => i),
  });
}

async function run(scenario: Scenario, folder: string): Promise<ScenarioResult> {
  const { batchSize, samples = 96, streams, shuffle = false, ckptPath, checkpoint } = scenario;
  seedEverything(7);
  const net = new Net(scenario);
  const trainer = new Trainer({
    ...{ enableProgressBar: false, enableModelSummary: false, numSanityValSteps: 0, logEveryNSteps: 1 },
    ...{ engine: 'ort', threads: 1 },
    callbacks: checkpoint === undefined ? [] : new ModelCheckpoint(checkpoint),
    ...scenario.trainer,
    defaultRootDir: join(folder, scenario.name),
  });
  const data = dataset(samples);
  const train = streams
    ? new DataLoader(
        { [Symbol.asyncIterator]: () => stream(streams[trainer.globalRank]! * batchSize) },
        { batchSize },
      )
    : new DataLoader(data, { batchSize, shuffle });
  const evaluation = new DataLoader(data, { batchSize });
  await trainer.fit(net, {
    trainDataloader: train as DataLoader<unknown>,
    valDataloaders: evaluation,
    ...(ckptPath !== undefined && existsSync(ckptPath) && { ckptPath }),
  });
  const { globalStep, globalRank, logDir } = trainer;
  const metrics = { ...trainer.callbackMetrics };
  const { tensors } = trainer.optimizers[0]!.stateDict(({ name }) => name);
  const stateSize = Object.values(tensors)
    .flatMap((slots) => Object.values(slots))
    .reduce((sum, { size }) => sum + size, 0);
  const gathered = net.allGather({ rank: tf.scalar(globalRank) }).rank;
  const [tested] = await trainer.test(net, { dataloaders: evaluation });
  const [predicted] = await trainer.predict(net, { dataloaders: evaluation });

  const weights = valuesOf(net.stateDict().values());
  return {
    rank: globalRank,
    worldSize: trainer.worldSize,
    digest: digest(weights),
    weights,
    globalStep,
    metrics,
    losses: net.losses,
    tested: tested!,
    prepared: net.prepared,
    gathered: [...gathered.dataSync()],
    trainedOn: net.trainedOn,
    testedOn: net.testedOn,
    predicted: predicted as ScenarioResult['predicted'],
    masks: net.masks,
    gradients: net.gradients,
    logDir,
    stateSize,
  };
}

const [folder, scenarios] = process.argv.slice(2) as [string, string];
const results: ScenarioResult[] = [];
writeFileSync(join(folder, `pid-${process.pid}`), '');
for (const scenario of JSON.parse(scenarios) as Scenario[]) results.push(await run(scenario, folder));
writeFileSync(join(folder, `rank-${results[0]!.rank}.json`), JSON.stringify(results));
