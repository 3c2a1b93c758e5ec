import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Checkpoint, readCheckpoint } from '../checkpoint/checkpoint.js';
import { addon } from '../engines/torch/torch.test.kit.js';
import type { Scenario, ScenarioResult } from './ddp-program.test.support.js';
import { checkpoints, difference, makeFolder, succeed } from './ddp-runs.test.support.js';

// Real processes. What needs as many of them runs in the same.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const hasTorch = addon !== undefined;

/** What runs on one device, and on several with as many samples in all. */
const onSeveral = (devices: number): Scenario[] => {
  const steps = { devices, maxSteps: 50, accumulateGradBatches: 2, gradientClipVal: 1 };
  const batchSize = 12 / devices;
  return [
    { name: 'steps', trainer: steps, batchSize },
    ...(hasTorch && devices < 4
      ? [{ name: 'torch', trainer: { ...steps, engine: 'torch' as const }, batchSize }]
      : []),
  ];
};

/** What one process and two come to alike. */
const onTwo = (devices: number): Scenario[] => {
  const batchSize = 12 / devices;
  const synchronized = { devices, maxSteps: 20, syncBatchnorm: true };
  return [
    ...onSeveral(devices),
    { name: 'norm', trainer: synchronized, batchSize, norm: true },
    ...(hasTorch
      ? [
          {
            name: 'torch norm',
            trainer: { ...synchronized, engine: 'torch' as const },
            batchSize,
            norm: true,
          },
        ]
      : []),
    { name: 'lbfgs', trainer: { devices, maxSteps: 6 }, batchSize, optimizer: 'lbfgs' },
    { name: 'uneven', trainer: { devices, maxEpochs: 1 }, batchSize: 10, samples: 41 },
  ];
};

const random = { batchSize: 8, dropout: 0.5, shuffle: true, optimizer: 'adam' } as const;
const adam = { batchSize: 8, optimizer: 'adam' } as const;
const divided = { devices: 2, strategy: 'ddp_sharded' } as const;
const folder = makeFolder();
const checkpointOf = (name: string, step: number) =>
  join(
    folder,
    name,
    'lightning_logs/version_0/checkpoints',
    `epoch=${Math.ceil(step / 6) - 1}-step=${step}.ckpt`,
  );

/** What two processes do by themselves. */
const amongTwo: Scenario[] = [
  { name: 'own norm', trainer: { devices: 2, maxSteps: 20 }, batchSize: 6, norm: true },
  {
    name: 'whole',
    trainer: { devices: 2, maxEpochs: 3 },
    checkpoint: { everyNTrainSteps: 9, saveTopK: -1 },
    ...random,
  },
  // From the middle of the second epoch.
  {
    name: 'resumed',
    trainer: { devices: 2, maxEpochs: 3 },
    ckptPath: checkpointOf('whole', 9),
    ...random,
  },
  { name: 'undivided', trainer: { devices: 2, maxSteps: 12 }, ...adam },
  { name: 'divided', trainer: { ...divided, maxSteps: 12 }, ...adam },
  { name: 'longer', trainer: { devices: 2, maxSteps: 18 }, ...adam },
  {
    name: 'divided, resumed',
    trainer: { ...divided, maxSteps: 18 },
    ckptPath: checkpointOf('divided', 12),
    ...adam,
  },
  ...(hasTorch
    ? [
        { name: 'torch undivided', trainer: { devices: 2, maxSteps: 12, engine: 'torch' as const }, ...adam },
        { name: 'torch divided', trainer: { ...divided, maxSteps: 12, engine: 'torch' as const }, ...adam },
        {
          name: 'torch bfloat16',
          trainer: { devices: 2, maxSteps: 12, engine: 'torch' as const, precision: 'bf16-mixed' as const },
          ...adam,
        },
        {
          name: 'torch bfloat16 throughout, divided',
          trainer: { ...divided, maxSteps: 12, engine: 'torch' as const, precision: 'bf16-true' as const },
          ...adam,
        },
      ]
    : []),
  {
    name: 'stop',
    trainer: { devices: 2, maxEpochs: 5 },
    batchSize: 8,
    misbehave: { rank: 1, step: 8, how: 'stop' },
  },
  {
    name: 'unused',
    trainer: { devices: 2, maxSteps: 4, strategy: 'ddp_find_unused_parameters_true' },
    batchSize: 8,
    misbehave: { rank: 1, step: 0, how: 'skipHead' },
  },
  {
    name: 'undistributed',
    trainer: { devices: 2, maxEpochs: 1, useDistributedSampler: false },
    batchSize: 12,
  },
];

type Results = Record<string, ScenarioResult[]>;
let one: Results;
let two: Results;
let four: Results;

beforeAll(async () => {
  one = await succeed(onTwo(1));
  two = await succeed([...onTwo(2), ...amongTwo], { folder });
  four = await succeed(onSeveral(4));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digests = (ranks: readonly ScenarioResult[]) => ranks.map(({ digest }) => digest);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const firstNumbers = (length: number) => Array.from({ length }, (_, i) => i);

test.skipIf(!hasTorch)('two processes in bfloat16 take about the steps that they take in float32', () => {
  const [float32] = two['torch undivided']!;
  expect(difference(two['torch bfloat16']![0]!, float32!)).toBeLessThan(0.02);
  expect(difference(two['torch bfloat16 throughout, divided']![0]!, float32!)).toBeLessThan(0.05);
});

describe.each([
  [2, () => two],
  [4, () => four],
] as const)('%i processes', (devices, results) => {
  test('take the steps of one process on the joined batch', () => {
    const [single] = one.steps!;
    const ranks = results().steps!;
    expect(ranks.map(({ rank, worldSize, globalStep }) => [rank, worldSize, globalStep])).toEqual(
      firstNumbers(devices).map((rank) => [rank, devices, 50]),
    );
    // The target of one float32 rounding per step, in 50 steps.
    for (const rank of ranks) expect(difference(rank, single!)).toBeLessThan(1e-6);
    single!.trainedOn.forEach((batch, step) => {
      expect(sorted(ranks.flatMap(({ trainedOn }) => trainedOn[step]!))).toEqual(sorted(batch));
    });
  });

  test('have the same bits', () => {
    for (const [name, ranks] of Object.entries(results())) {
      expect(new Set(digests(ranks)).size, name).toBe(1);
    }
  });

  test('exchange gradients at the end of an accumulation window only', () => {
    const [first, second] = results().steps!;
    const same = first!.gradients.map((gradient, i) => gradient === second!.gradients[i]);
    expect(same).toEqual(firstNumbers(100).map((batch) => batch % 2 === 1));
  });

  test('log what one process would, where it is reduced over them', () => {
    const [single] = one.steps!;
    for (const rank of results().steps!) {
      expect(rank.metrics.val_loss).toBeCloseTo(single!.metrics.val_loss!, 6);
      expect(rank.metrics.train_loss_epoch).toBeCloseTo(single!.metrics.train_loss_epoch!, 5);
      expect(rank.metrics).toMatchObject({ val_count: 96, largest_rank_epoch: devices - 1 });
      expect(rank.tested.test_loss).toBeCloseTo(single!.tested.test_loss!, 6);
      rank.losses.forEach((loss, step) => {
        expect(loss).toBeCloseTo(single!.losses[step]!, 5);
      });
    }
  });

  test('gather tensors in the order of ranks', () => {
    for (const { gathered } of results().steps!) expect(gathered).toEqual(firstNumbers(devices));
  });

  test('let the first prepare the data, in fit, test and predict', () => {
    expect(results().steps!.map(({ prepared }) => prepared)).toEqual(
      firstNumbers(devices).map((rank) => (rank === 0 ? 3 : 0)),
    );
  });
});

describe('two processes', () => {
  test.runIf(hasTorch)('come to the same on the torch engine', () => {
    expect(difference(two.torch![0]!, one.torch![0]!)).toBeLessThan(1e-6);
  });

  test('let the first one write, into a folder that all know', () => {
    expect(readdirSync(join(folder, 'steps/lightning_logs'))).toEqual(['version_0']);
    for (const { logDir } of two.steps!) expect(logDir).toBe(join(folder, 'steps/lightning_logs/version_0'));
  });

  test('agree on a search along a line', () => {
    expect(difference(two.lbfgs![0]!, one.lbfgs![0]!)).toBeLessThan(1e-3);
  });

  test.each(hasTorch ? ['norm', 'torch norm'] : ['norm'])(
    'normalize by the statistics of both under syncBatchnorm: %s',
    (name) => {
      expect(difference(two[name]![0]!, one[name]![0]!)).toBeLessThan(1e-5);
      expect(difference(two['own norm']![0]!, one.norm![0]!)).toBeGreaterThan(1e-2);
    },
  );

  test('go on from a checkpoint as if nothing had been, with orders and dropout masks of each', () => {
    const [a, b] = two.whole as [ScenarioResult, ScenarioResult];
    expect(a.masks).not.toEqual(b.masks);
    expect(a.trainedOn.slice(0, 6)).not.toEqual(a.trainedOn.slice(6, 12));
    two.whole!.forEach(({ digest, trainedOn, masks }, rank) => {
      const resumed = two.resumed![rank]!;
      expect(resumed.digest).toBe(digest);
      expect(resumed.trainedOn).toEqual(trainedOn.slice(9));
      expect(resumed.masks).toEqual(masks.slice(9));
    });
  });

  test('predict what one process does', () => {
    const scores = (ranks: readonly ScenarioResult[]) =>
      ranks
        .flatMap(({ predicted }) =>
          predicted.flatMap(({ index, score }) => index.map((sample, i) => [sample, score[i]!] as const)),
        )
        .sort(([a], [b]) => a - b);
    const single = scores(one.steps!);
    expect(single.map(([sample]) => sample)).toEqual(firstNumbers(96));
    scores(two.steps!).forEach(([sample, score], i) => {
      expect(sample).toBe(i);
      expect(score).toBeCloseTo(single[i]![1], 5);
    });
  });

  test('stop after the same batch when one of them asks for it', () => {
    expect(two.stop!.map(({ globalStep }) => globalStep)).toEqual([9, 9]);
  });

  test('count what one did not use as zero under ddp_find_unused_parameters_true', () => {
    expect(two.unused!.map(({ globalStep }) => globalStep)).toEqual([4, 4]);
  });

  test('leave data loaders alone where useDistributedSampler is false', () => {
    for (const { trainedOn, testedOn } of two.undistributed!) {
      expect(trainedOn.flat()).toEqual(firstNumbers(96));
      expect(testedOn).toEqual(firstNumbers(96));
    }
  });
});

describe('data that does not divide evenly', () => {
  test('is filled up for training, so that all take as many steps', () => {
    expect(two.uneven!.map(({ trainedOn }) => trainedOn.map(({ length }) => length))).toEqual([
      [10, 10, 1],
      [10, 10, 1],
    ]);
    expect(new Set(two.uneven!.flatMap(({ trainedOn }) => trainedOn.flat())).size).toBe(41);
  });

  test('counts once in metrics', () => {
    for (const rank of two.uneven!) expect(rank.metrics.val_count).toBe(41);
    expect(sorted(two.uneven!.flatMap(({ testedOn }) => testedOn))).toEqual(firstNumbers(41));
  });

  test('is predicted once, each process returning its own part', () => {
    const predicted = two.uneven!.flatMap((result, rank) =>
      result.predicted.flatMap(({ index }, batch) =>
        index.map((sample, i) => ({ sample, place: (batch * 10 + i) * 2 + rank })),
      ),
    );
    expect(sorted(predicted.map(({ sample }) => sample))).toEqual(firstNumbers(41));
    for (const { sample, place } of predicted) expect(sample).toBe(place);
  });
});

describe('ddp_sharded', () => {
  const engines = hasTorch ? ['', 'torch '] : [''];

  test.each(engines)('comes to the weights of ddp, with the state divided: %s', (engine) => {
    const [whole, parts] = [two[`${engine}undivided`]!, two[`${engine}divided`]!];
    expect(digests(parts)).toEqual(digests(whole));
    // 6 × 8 + 8 + 8 × 3 parameters with two slots each
    expect(whole.map(({ stateSize }) => stateSize)).toEqual([160, 160]);
    expect(parts.map(({ stateSize }) => stateSize)).toEqual([96, 64]);
  });

  test.each(engines)('writes the checkpoint of ddp: %s', async (engine) => {
    const [whole, parts] = (await Promise.all(
      [`${engine}undivided`, `${engine}divided`].map((name) => readCheckpoint(checkpoints(folder, name)[0]!)),
    )) as [Checkpoint, Checkpoint];
    expect([...parts.optimizerStates.tensors.keys()].sort()).toEqual(
      [...whole.optimizerStates.tensors.keys()].sort(),
    );
    for (const [name, tensor] of whole.optimizerStates.tensors) {
      expect(parts.optimizerStates.tensors.get(name)).toEqual(tensor);
    }
    expect(parts.optimizerStates.scalars).toEqual(whole.optimizerStates.scalars);
  });

  test('goes on from it', () => {
    expect(digests(two['divided, resumed']!)).toEqual(digests(two.longer!));
  });
});
