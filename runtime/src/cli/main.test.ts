import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { parse } from 'yaml';
import { Callback } from '../callbacks/callback.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import type { ConfigDefinition, SchemaValidator } from '../config/definition.js';
import type { JsonSchema } from '../config/json-schema.js';
import { settingsOf } from '../config/settings.js';
import { ArrayDataset } from '../data/array-dataset.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, Hparams, PredictStep, TestStep, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningDataModule } from '../module/lightning-data-module.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { type MainOptions, main } from './main.js';

interface Config {
  seed: number | null;
  trainer: { maxEpochs?: number; defaultRootDir?: string; limitTrainBatches?: number | null };
  checkpoint: { monitor?: string | null; dirpath?: string | null };
  model: { learningRate: number };
  data: { folder: string; samples: number };
}

const group = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  properties,
});
const schema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    seed: { type: ['integer', 'null'], default: null },
    trainer: group({
      maxEpochs: { type: 'integer', default: 1 },
      defaultRootDir: { type: 'string', default: '.' },
      limitTrainBatches: { type: ['number', 'null'], default: null },
      enableProgressBar: { type: 'boolean', default: false },
      enableModelSummary: { type: 'boolean', default: false },
      fastDevRun: { type: 'boolean', default: false },
    }),
    checkpoint: group({
      monitor: { type: ['string', 'null'], default: null },
      dirpath: { type: ['string', 'null'], default: null },
    }),
    model: group({ learningRate: { type: 'number', exclusiveMinimum: 0, default: 0.1 } }),
    data: group({ folder: { type: 'string', default: '' }, samples: { type: 'integer', default: 8 } }),
  },
};
const config: ConfigDefinition<Config> = {
  schema,
  validate: new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true }).compile(
    schema,
  ) as unknown as SchemaValidator<Config>,
  settings: settingsOf(schema),
};

interface Batch {
  x: tf.Tensor2D;
  y: tf.Tensor2D;
}

class Line extends LightningModule<Config['model']> {
  readonly net = tf.layers.dense({ units: 1, inputShape: [1] });

  constructor(@Hparams hparams: Config['model']) {
    super(hparams);
    this.net.build([null, 1]);
  }

  #loss({ x, y }: Batch): tf.Scalar {
    return tf.losses.meanSquaredError(y, this.net.apply(x) as tf.Tensor2D) as tf.Scalar;
  }

  @TrainingStep
  step(batch: Batch) {
    return this.#loss(batch);
  }

  @ValidationStep
  check(batch: Batch) {
    this.log('val_loss', this.#loss(batch));
  }

  @TestStep
  test_(batch: Batch) {
    this.log('test_loss', this.#loss(batch));
  }

  @PredictStep
  predict_({ x }: Batch) {
    return this.net.apply(x);
  }

  @Hook('configure_optimizers')
  override optimizers() {
    return new SGD(this.parameters(), { lr: this.hparams.learningRate });
  }
}

class LineData extends LightningDataModule<Config['data']> {
  constructor(@Hparams hparams: Config['data']) {
    super(hparams);
  }

  @Hook('prepare_data')
  read() {
    if (this.hparams.folder !== '') readFileSync(join(this.hparams.folder, 'points.csv'));
  }

  #loader() {
    const xs = Float32Array.from({ length: this.hparams.samples }, (_, i) => i / this.hparams.samples);
    const shape = [xs.length, 1];
    const columns = { x: { data: xs, shape }, y: { data: xs.map((x) => 2 * x), shape } };
    return new DataLoader(new ArrayDataset(columns), { batchSize: 4 });
  }

  @Hook('train_dataloader')
  train() {
    return this.#loader();
  }

  @Hook('val_dataloader')
  validation() {
    return this.#loader();
  }

  @Hook('test_dataloader')
  test() {
    return this.#loader();
  }

  @Hook('predict_dataloader')
  predict() {
    return this.#loader();
  }
}

const argv = process.argv;
const start = process.cwd();
let cwd: string;

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'pl-main-')));
  process.chdir(cwd);
});
afterEach(() => {
  process.chdir(start);
  process.argv = argv;
  for (const name of Object.keys(process.env))
    if (/^PL_|^OTHER_VARIABLE$/.test(name)) delete process.env[name];
  process.exitCode = undefined;
  vi.restoreAllMocks();
  rmSync(cwd, { recursive: true });
});

/** Runs the program as a shell would. */
async function run(line: string, more: Partial<MainOptions<Config>> = {}) {
  const output = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output.out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    output.err += text;
    return true;
  });
  process.argv = ['node', join(cwd, 'dist/main.js'), ...line.split(' ')];
  process.exitCode = undefined;
  try {
    await main({ model: Line, data: LineData, config, ...more });
  } finally {
    vi.restoreAllMocks();
  }
  return { ...output, exitCode: process.exitCode ?? 0 };
}

describe('fit', () => {
  it('trains, keeps checkpoint and configuration, and says where', async () => {
    const { out, err, exitCode } = await run('fit --seed 1 --trainer.maxEpochs 2');
    expect(exitCode, err).toBe(0);
    expect(out).toBe(
      'best checkpoint: lightning_logs/version_0/checkpoints/epoch=1-step=4.ckpt\nlogs: lightning_logs/version_0\n',
    );
    const saved = JSON.parse(readFileSync('lightning_logs/version_0/config.json', 'utf8'));
    expect(saved).toMatchObject({ seed: 1, trainer: { maxEpochs: 2 }, model: { learningRate: 0.1 } });
  });

  it('repeats a run from its configuration, bit for bit', async () => {
    await run('fit --seed 7 --model.learningRate 0.3');
    await run('fit --config lightning_logs/version_0/config.json');
    const [first, second] = [0, 1].map((n) =>
      readFileSync(`lightning_logs/version_${n}/checkpoints/epoch=0-step=2.ckpt`),
    );
    const weights = (file: Buffer) => file.subarray(8 + Number(file.readBigUInt64LE()));
    expect(weights(second!)).toEqual(weights(first!));
  });

  it('resumes from the last checkpoint of the newest run', async () => {
    await run('fit --trainer.maxEpochs 1');
    const { out } = await run('fit --trainer.maxEpochs 3 --ckpt-path last');
    expect(out).toContain('checkpoint: lightning_logs/version_0/checkpoints/epoch=0-step=2.ckpt\n');
    expect(readdirSync('lightning_logs/version_1/checkpoints')).toEqual(['epoch=2-step=6.ckpt']);
  });

  it('lets code win over flags, and hands over callbacks', async () => {
    const seen: number[] = [];
    class Watch extends Callback {
      @Hook('on_train_epoch_end')
      note(trainer: { currentEpoch: number }) {
        seen.push(trainer.currentEpoch);
      }
    }
    await run('fit --trainer.maxEpochs 5', { trainer: { maxEpochs: 2 }, callbacks: [new Watch()] });
    expect(seen).toEqual([0, 1]);
  });

  it('writes no configuration where nothing is logged', async () => {
    const { exitCode } = await run('fit --trainer.fastDevRun');
    expect(exitCode).toBe(0);
    expect(readdirSync('.')).toEqual([]);
  });

  it('ends with 130 after Ctrl-C, and says how to go on', async () => {
    class Stop extends Callback {
      @Hook('on_train_batch_end')
      stop() {
        process.emit('SIGINT', 'SIGINT');
      }
    }
    const { err, exitCode } = await run('fit --trainer.maxEpochs 9', { callbacks: [new Stop()] });
    expect(exitCode).toBe(130);
    const [, path] =
      /Interrupted\. Go on with: node dist\/main\.js fit --ckpt-path '(.*)'\n$/.exec(err) ?? [];
    expect(existsSync(path!)).toBe(true);
  });
});

describe('validate, test, predict', () => {
  it('take the best checkpoint unless told otherwise', async () => {
    await run('fit --trainer.maxEpochs 2 --checkpoint.monitor val_loss');
    const { out, exitCode } = await run('test');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^checkpoint: lightning_logs\/version_0\/checkpoints\/epoch=1-step=4\.ckpt\n/);
    expect(out).toMatch(/\ntest metric\n.*\ntest_loss {4}0?\.\d+\n/);
    expect((await run('validate --ckpt-path last')).out).toMatch(
      /\nvalidation metric\n.*\nval_loss +0?\.\d+\n/,
    );
  });

  it('refuse to judge an untrained model by accident', async () => {
    expect(await run('test')).toMatchObject({
      exitCode: 1,
      err: 'error PL2011: there is no checkpoint yet in lightning_logs.\n  Train first (fit), give a file with --ckpt-path, or pass --ckpt-path none for the untrained model.\n',
    });
    expect((await run('test --ckpt-path none')).exitCode).toBe(0);
  });

  it('write predictions beside the logs', async () => {
    const { out } = await run('predict --ckpt-path none');
    expect(out).toBe('predictions: lightning_logs/version_0/predictions.json\n');
    const predictions = JSON.parse(readFileSync('lightning_logs/version_0/predictions.json', 'utf8'));
    expect(predictions).toMatchObject([[[[expect.any(Number)], [expect.any(Number)], {}, {}], {}]]);
  });
});

describe('settings', () => {
  it('come from config.yaml, .env and variables', async () => {
    writeFileSync('config.yaml', 'trainer: {maxEpochs: 2}\nmodel: {learningRate: 0.2}\n');
    writeFileSync('.env', 'PL_MODEL_LEARNING_RATE=0.3\nOTHER_VARIABLE=kept\n');
    process.env.PL_DATA_SAMPLES = '4';
    await run('fit');
    const saved = JSON.parse(readFileSync('lightning_logs/version_0/config.json', 'utf8'));
    expect(saved).toMatchObject({
      trainer: { maxEpochs: 2 },
      model: { learningRate: 0.3 },
      data: { samples: 4 },
    });
    expect(process.env.OTHER_VARIABLE).toBe('kept');
  });

  it('are printed with their origin, and nothing runs', async () => {
    const { out, exitCode } = await run('fit --print-config --seed 3');
    expect(exitCode).toBe(0);
    expect(out).toContain('seed: 3 # --seed\n');
    expect(parse(out)).toMatchObject({ seed: 3, model: { learningRate: 0.1 } });
    expect(readdirSync('.')).toEqual([]);
  });

  it('are listed by --help', async () => {
    const { out, exitCode } = await run('--help');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Usage: node dist\/main\.js <command> \[flags\]\n/);
    expect(out).toContain('--model.learningRate <number > 0>\n      default 0.1; PL_MODEL_LEARNING_RATE\n');
  });
});

describe('mistakes end with 1, a few lines and nothing written', () => {
  const expectMistake = async (
    line: string,
    message: RegExp | string,
    more: Partial<MainOptions<Config>> = {},
  ) => {
    const { err, exitCode } = await run(line, more);
    expect(exitCode).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at (?:async )?\w+ \(/m);
    expect(err.split('\n').length).toBeLessThan(8);
  };

  it('flags, variables, keys, all at once', async () => {
    writeFileSync('config.yaml', 'model: {lr: 1}\n');
    process.env.PL_TRAINER_MAX_EPOCHS = 'ten';
    await expectMistake('fitt --trainer.maxEpoch 3', /^error PL2000: 4 problems in the configuration:\n/);
    expect(readdirSync('.')).toEqual(['config.yaml']);
  });

  it('a setting that the trainer refuses, with its origin', async () => {
    process.env.PL_TRAINER_LIMIT_TRAIN_BATCHES = '1.5';
    await expectMistake(
      'fit',
      /trainer\.limitTrainBatches[\s\S]*comes from PL_TRAINER_LIMIT_TRAIN_BATCHES\.\n$/,
    );
  });

  it('a missing data file', async () => {
    await expectMistake(
      'fit --data.folder nowhere',
      /^error PL2012: nowhere\/points\.csv: does not exist \(ENOENT in open\)\n$/,
    );
    expect(readdirSync('.')).toEqual([]);
  });

  it('a checkpoint that is not there', async () => {
    await expectMistake('test --ckpt-path gone.ckpt', /^error PL3001: .*gone\.ckpt/);
    expect(readdirSync('.')).toEqual([]);
  });

  it('a log folder that cannot be written', async () => {
    writeFileSync('taken', '');
    await expectMistake('fit --trainer.defaultRootDir taken', /^error PL5401: .*taken/);
    expect(readdirSync('.')).toEqual(['taken']);
  });

  it('a project that was not compiled', async () => {
    await expectMistake('fit', /^error PL2001: .*not compiled.*\n {2}Run npm run build/, {
      config: undefined as never,
    });
  });

  it('settings of checkpoints beside a ModelCheckpoint in code', async () => {
    const callbacks = [new ModelCheckpoint()];
    await expectMistake(
      'fit --checkpoint.monitor val_loss',
      /^error PL2013: checkpoint\.monitor would have no effect/,
      {
        callbacks,
      },
    );
    expect((await run('fit', { callbacks })).exitCode).toBe(0);
  });
});

describe('an error that nobody foresaw', () => {
  it('is thrown on with its stack', async () => {
    class Broken extends Callback {
      @Hook('on_train_start')
      fail() {
        throw new TypeError('a mistake in code');
      }
    }
    await expect(run('fit', { callbacks: [new Broken()] })).rejects.toThrow(
      new TypeError('a mistake in code'),
    );
  });
});
