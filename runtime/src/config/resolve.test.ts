import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLError } from '../errors/pl-error.js';
import { digits } from './digits.test.support.js';
import { describeOrigin } from './origin.js';
import { type ConfigSources, resolveConfig } from './resolve.js';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'pl-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Resolves with the one setting that has no default given in code, so that a test needs to name its own subject only. */
function resolve(sources: Omit<ConfigSources, 'cwd'> = {}) {
  return resolveConfig(digits, { cwd, code: { model: { inputSize: 8 } }, ...sources });
}

function errorOf(sources: Omit<ConfigSources, 'cwd'>): string {
  try {
    resolve(sources);
  } catch (error) {
    if (error instanceof PLError) return error.format();
    throw error;
  }
  throw new Error('no error');
}

describe('precedence', () => {
  it('is default < files < .env < environment < flag < code, setting by setting', () => {
    writeFileSync(
      join(cwd, 'base.yaml'),
      'trainer: {maxEpochs: 1, logEveryNSteps: 1, limitTrainBatches: 1}\nseed: 1\n',
    );
    writeFileSync(join(cwd, 'more.json'), '{"trainer": {"maxEpochs": 2, "logEveryNSteps": 2}}');
    writeFileSync(
      join(cwd, '.env'),
      'PL_TRAINER_MAX_EPOCHS=3\nPL_TRAINER_LOG_EVERY_N_STEPS=3\nPL_MODEL_NAME=dot\n',
    );
    const { config, origins } = resolve({
      files: ['base.yaml', 'more.json'],
      environment: { PL_TRAINER_MAX_EPOCHS: '4', PL_MODEL_LEARNING_RATE: '0.4' },
      flags: [
        { flag: '--trainer.maxEpochs', text: '5' },
        { flag: '--model.learningRate', text: '0.5' },
        { flag: '--model.learningRate', text: '0.6' },
      ],
      code: { trainer: { maxEpochs: 6, precision: undefined }, model: { inputSize: 8 } },
    });
    expect(config.trainer).toMatchObject({
      maxEpochs: 6,
      logEveryNSteps: 3,
      limitTrainBatches: 1,
      precision: 32,
    });
    expect(config.seed).toBe(1);
    expect(config.model).toMatchObject({ learningRate: 0.6, name: 'dot', encoder: { depth: 2, dropout: 0 } });
    const named = Object.fromEntries([...origins].map(([path, origin]) => [path, describeOrigin(origin)]));
    expect(named).toMatchObject({
      'trainer.maxEpochs': 'code',
      'trainer.logEveryNSteps': 'PL_TRAINER_LOG_EVERY_N_STEPS in .env',
      'trainer.limitTrainBatches': 'base.yaml:1:63',
      'trainer.precision': 'default',
      'model.learningRate': '--model.learningRate',
      seed: 'base.yaml:2:7',
    });
  });

  it('takes null in code as a value, as an argument None beats a variable', () => {
    const environment = { PL_TRAINER_MAX_EPOCHS: '42' };
    const code = { trainer: { maxEpochs: null }, model: { inputSize: 8 } };
    expect(resolve({ environment, code }).config.trainer.maxEpochs).toBeNull();
  });

  it('replaces records and lists whole, and merges groups', () => {
    writeFileSync(join(cwd, 'a.yaml'), 'model: {hiddenSizes: [1, 2, 3], encoder: {depth: 9}}');
    writeFileSync(join(cwd, 'b.yaml'), 'model: {hiddenSizes: [4], encoder: {dropout: 0.5}}');
    const { model } = resolve({ files: ['a.yaml', 'b.yaml'] }).config;
    expect(model).toMatchObject({ hiddenSizes: [4], encoder: { depth: 9, dropout: 0.5 } });
  });

  it('reads config.yaml of the working directory unless files are named', () => {
    writeFileSync(join(cwd, 'config.yaml'), 'seed: 7');
    writeFileSync(join(cwd, 'other.yaml'), '# nothing\n');
    expect(resolve().config.seed).toBe(7);
    expect(resolve({ files: ['other.yaml'] }).config.seed).toBeNull();
  });

  it('does not guess between two default files', () => {
    writeFileSync(join(cwd, 'config.yaml'), 'seed: 7');
    writeFileSync(join(cwd, 'config.json'), '{}');
    expect(errorOf({})).toBe(
      'error PL2007: config.yaml and config.json are both here, and it is not clear which one counts\n  Name it: --config config.yaml',
    );
  });

  it('lets an empty variable hide the one in .env', () => {
    writeFileSync(join(cwd, '.env'), 'PL_SEED=3');
    expect(resolve().config.seed).toBe(3);
    expect(resolve({ environment: { PL_SEED: '' } }).config.seed).toBeNull();
  });
});

describe('the environment, as in the reference', () => {
  const trainer = (environment: Record<string, string>) => resolve({ environment }).config.trainer;

  it.each<[Record<string, string>, object]>([
    [{ PL_TRAINER_MAX_EPOCHS: '42' }, { maxEpochs: 42 }],
    [{ PL_TRAINER_MAX_EPOCHS: '' }, { maxEpochs: null }],
    [{ PL_TRAINER_MAX_EPOCHS: 'None' }, { maxEpochs: null }],
    [{ PL_TRAINER_MAX_EPOCHS: '-1' }, { maxEpochs: -1 }],
    [{ PL_TRAINER_MAX_EPOCHS: ' 42 ' }, { maxEpochs: 42 }],
    [{ PL_TRAINER_MAX_EPOCHS: '4_2' }, { maxEpochs: 42 }],
    [{ PL_TRAINER_MAX_EPOCHS: '0x10' }, { maxEpochs: 16 }],
    [{ PL_TRAINER_MAX_EPOCHS: '1e2' }, { maxEpochs: 100 }],
    [{ PL_TRAINER_LIMIT_TRAIN_BATCHES: '0.5' }, { limitTrainBatches: 0.5 }],
    [{ PL_TRAINER_LIMIT_TRAIN_BATCHES: '1.0' }, { limitTrainBatches: 1 }],
    [{ PL_TRAINER_FAST_DEV_RUN: 'True' }, { fastDevRun: true }],
    [{ PL_TRAINER_FAST_DEV_RUN: 'true' }, { fastDevRun: true }],
    [{ PL_TRAINER_FAST_DEV_RUN: '3' }, { fastDevRun: 3 }],
    [{ PL_TRAINER_GRADIENT_CLIP_ALGORITHM: 'value' }, { gradientClipAlgorithm: 'value' }],
    [{ PL_TRAINER_GRADIENT_CLIP_ALGORITHM: "'value'" }, { gradientClipAlgorithm: 'value' }],
    [{ PL_TRAINER_PRECISION: '64' }, { precision: 64 }],
    [{ PL_TRAINER_PRECISION: '16-mixed' }, { precision: '16-mixed' }],
    [{ PL_TRAINER_DEFAULT_ROOT_DIR: '/some/dir' }, { defaultRootDir: '/some/dir' }],
    [{ PL_TRAINER_ACCUMULATE_GRAD_BATCHES: '{0: 1, 4: 8}' }, { accumulateGradBatches: { 0: 1, 4: 8 } }],
    [{ PL_TRAINER_ACCUMULATE_GRAD_BATCHES: '4' }, { accumulateGradBatches: 4 }],
    [{ SOMETHING_ELSE: '1', PL_OTHER: '2' }, { maxEpochs: null }],
  ])('%j', (environment, expected) => {
    expect(trainer(environment)).toMatchObject(expected);
  });

  it.each<[Record<string, string>, string]>([
    [
      { PL_TRAINER_MAX_EPOCHS: 'abc' },
      'PL2006: PL_TRAINER_MAX_EPOCHS: got "abc", wanted integer ≥ -1 | null',
    ],
    [{ PL_TRAINER_MAX_EPOCHS: '-2' }, 'PL2006: PL_TRAINER_MAX_EPOCHS: got "-2", wanted integer ≥ -1 | null'],
    [
      { PL_TRAINER_MAX_EPOCHS: '042' },
      'PL2006: PL_TRAINER_MAX_EPOCHS: got "042", wanted integer ≥ -1 | null',
    ],
    [
      { PL_TRAINER_MAX_EPOCHS: '1+1' },
      'PL2006: PL_TRAINER_MAX_EPOCHS: got "1+1", wanted integer ≥ -1 | null',
    ],
    [
      { PL_TRAINER_MAX_EPOCHS: '1e400' },
      'PL2006: PL_TRAINER_MAX_EPOCHS: got "1e400", wanted integer ≥ -1 | null',
    ],
    [
      { PL_TRAINER_max_epochs: '42' },
      'PL2002: PL_TRAINER_max_epochs: no setting has this variable. Did you mean PL_TRAINER_MAX_EPOCHS?',
    ],
    [
      { pl_trainer_max_epochs: '42' },
      'PL2002: pl_trainer_max_epochs: no setting has this variable. Did you mean PL_TRAINER_MAX_EPOCHS?',
    ],
    [{ PL_TRAINER_UNKNOWN: '5' }, 'PL2002: PL_TRAINER_UNKNOWN: no setting has this variable.'],
    [{ PL_DATA_X: '5' }, 'PL2002: PL_DATA_X: no setting has this variable.'],
    [
      { PL_TRAINER_GRADIENT_CLIP_ALGORITHM: 'foo' },
      'PL2006: PL_TRAINER_GRADIENT_CLIP_ALGORITHM: got "foo", wanted "norm" | "value" | null',
    ],
    [
      { PL_TRAINER_ACCUMULATE_GRAD_BATCHES: '{a: 1}' },
      'PL2006: PL_TRAINER_ACCUMULATE_GRAD_BATCHES: got "{a: 1}", wanted integer ≥ 1 | { [name]: integer ≥ 1 }',
    ],
  ])('%j is an error', (environment, message) => {
    expect(errorOf({ environment })).toBe(`error ${message}`);
  });

  it('ignores an unknown variable that is empty', () => {
    expect(trainer({ PL_TRAINER_UNKNOWN: '' }).maxEpochs).toBeNull();
  });
});

describe('mistakes in files', () => {
  const errorIn = (text: string) => {
    writeFileSync(join(cwd, 'config.yaml'), text);
    return errorOf({});
  };

  it.each([
    [
      'trainer:\n  maxEpochs: ten\n',
      'PL2006: config.yaml:2:14: trainer.maxEpochs: got "ten", wanted integer ≥ -1 | null',
    ],
    [
      'trainer:\n  maxEpoch: 10\n',
      'PL2004: config.yaml:2:3: no setting trainer.maxEpoch. Did you mean maxEpochs?',
    ],
    [
      'maxEpochs: 10\n',
      'PL2004: config.yaml:1:1: no setting maxEpochs. Did you mean trainer.maxEpochs, under trainer:?',
    ],
    ['trainers: {}\n', 'PL2004: config.yaml:1:1: no setting trainers. Did you mean trainer?'],
    [
      'trainer: 5\n',
      'PL2006: config.yaml:1:10: trainer has settings of its own: wanted `name: value` lines, got 5',
    ],
    [
      '- a\n',
      'PL2006: config.yaml:1:1: a configuration file has settings of its own: wanted `name: value` lines, got ["a"]',
    ],
    [
      'model: {hiddenSizes: [8, -1]}\n',
      'PL2006: config.yaml:1:22: model.hiddenSizes: at [1]: got -1, wanted integer ≥ 1',
    ],
    [
      'model:\n  layers:\n    - {units: 3, activatoin: relu}\n',
      'PL2006: config.yaml:3:5: model.layers: at [0]: unknown name activatoin. Did you mean activation?',
    ],
    ['model:\n  layers: [{}]\n', 'PL2006: config.yaml:2:11: model.layers: at [0]: got {}, which lacks units'],
    [
      'model:\n  name: 42\n',
      'PL2006: config.yaml:2:9: model.name: got 42, wanted string\n  As text it fits: write "42" in quotes.',
    ],
  ])('%j', (text, message) => {
    expect(errorIn(text)).toBe(`error ${message}`);
  });

  it.each([
    ['a: [1, 2\nb: 3\n', /^error PL2005: config\.yaml:2:1: /],
    ['seed: 1\nseed: 2\n', /^error PL2005: config\.yaml:2:1: .*unique/],
    ['{"seed": 1 "trainer": {}}', /^error PL2005: config\.yaml:1:1[02]: /],
    ['trainer:\n\tmaxEpochs: 1\n', /config\.yaml:2:1: /],
    ['seed: 1\n---\nseed: 2\n', /^error PL2005: config\.yaml:2:1: /],
  ])('malformed %j has its place', (text, message) => {
    expect(errorIn(text)).toMatch(message);
  });

  it('a missing file', () => {
    expect(errorOf({ files: ['nowhere.yaml'] })).toMatch(
      /^error PL2007: cannot read the configuration file nowhere\.yaml: ENOENT/,
    );
  });

  it('empty groups, anchors and $schema are fine', () => {
    writeFileSync(
      join(cwd, 'config.yaml'),
      '$schema: ./config.schema.json\ntrainer:\nmodel: {hiddenSizes: &sizes [5], encoder: }\n',
    );
    expect(resolve().config.model).toMatchObject({ hiddenSizes: [5], encoder: { depth: 2 } });
  });

  it('JSON with tabs and escapes reads as JSON', () => {
    writeFileSync(
      join(cwd, 'c.json'),
      '{\n\t"model": {\n\t\t"name": "a\\/b \\u00e9\\ud83d\\ude00",\n\t\t"learningRate": 1E-2\n\t}\n}',
    );
    expect(resolve({ files: ['c.json'] }).config.model).toMatchObject({
      name: 'a/b é😀',
      learningRate: 0.01,
    });
  });
});

describe('several mistakes', () => {
  it('come in one error, each with its place, also overridden ones', () => {
    writeFileSync(join(cwd, 'config.yaml'), 'seed: -1\nmodel:\n  learning_rate: 1\n');
    const error = errorOf({
      environment: { PL_TRAINER_MAX_EPOCHS: 'abc', PL_TRAINER_MAX_EPOCH: '3' },
      flags: [
        { flag: '--trainer.maxEpochs', text: '5' },
        { flag: '--trainer.logEveryNStep', text: '5' },
        { flag: '--configs', text: 'x' },
      ],
      otherFlags: ['--config'],
      code: { trainer: { maxEpochs: 'x' } },
    });
    expect(error.split('\n')).toEqual([
      'error PL2000: 8 problems in the configuration:',
      '  PL2004 config.yaml:3:3: no setting model.learning_rate. Did you mean learningRate?',
      '  PL2002 PL_TRAINER_MAX_EPOCH: no setting has this variable. Did you mean PL_TRAINER_MAX_EPOCHS?',
      '  PL2003 --trainer.logEveryNStep: no such flag. Did you mean --trainer.logEveryNSteps?',
      '  PL2003 --configs: no such flag. Did you mean --config?',
      '  PL2006 config.yaml:1:7: seed: got -1, wanted integer ≥ 0 | null',
      '  PL2006 PL_TRAINER_MAX_EPOCHS: got "abc", wanted integer ≥ -1 | null',
      '  PL2006 code: trainer.maxEpochs: got "x", wanted integer ≥ -1 | null',
      '  PL2008 model.inputSize has no default and no value, wanted integer ≥ 1 (Set model.inputSize in config.yaml, PL_MODEL_INPUT_SIZE or --model.inputSize.)',
      '  --help lists every setting, --print-config shows where each value comes from.',
    ]);
  });

  it('are cut after twenty', () => {
    const environment = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`PL_TRAINER_NO_SUCH_${i}`, '1']),
    );
    const lines = errorOf({ environment }).split('\n');
    expect(lines).toHaveLength(1 + 20 + 1 + 1);
    expect(lines.at(-2)).toBe('  and 10 more');
  });
});

describe('flags', () => {
  it('without a value switch on', () => {
    expect(resolve({ flags: [{ flag: '--trainer.fastDevRun' }] }).config.trainer.fastDevRun).toBe(true);
    expect(errorOf({ flags: [{ flag: '--trainer.maxEpochs' }] })).toBe(
      'error PL2006: --trainer.maxEpochs: got true, wanted integer ≥ -1 | null',
    );
  });

  it('take an empty text as text', () => {
    expect(resolve({ flags: [{ flag: '--model.name', text: '' }] }).config.model.name).toBe('');
  });
});

describe('code', () => {
  it('is checked like every source and never changed', () => {
    const layers = [{ units: 3 }];
    const code = { model: { inputSize: 8, layers } };
    expect(resolve({ code }).config.model.layers).toEqual([{ units: 3, activation: 'relu' }]);
    expect(layers).toEqual([{ units: 3 }]);
    expect(
      errorOf({ code: { model: { inputSize: 8, lr: 1, encoder: 3 } } })
        .split('\n')
        .slice(1, 3),
    ).toEqual([
      '  PL2004 code: no setting model.lr.',
      '  PL2006 code: model.encoder: got 3, wanted an object of settings',
    ]);
  });
});
