import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import { declaredHooks } from '../hooks/decorators.js';
import { CSVLogger } from '../loggers/csv-logger.js';
import type { TrainerConfig } from '../trainer/options.js';
import { Trainer } from '../trainer/trainer.js';
import { ModelCheckpoint } from './model-checkpoint.js';
import type { ModelCheckpointOptions } from './model-checkpoint-options.js';
import { batches, camelCase, quiet, Scripted } from './scripted.test.support.js';

// What Lightning 2.6.5 did, recorded by running it; test/reference/README.md describes the file.
type Score = number | string | null;
interface State {
  best_model_path: string;
  best_model_score: Score;
  current_score: Score;
  best_k_models: Record<string, Score>;
  kth_best_model_path: string;
  kth_value: Score;
  last_model_path: string;
}
interface Row {
  at: string;
  epoch: number;
  global_step: number;
  files: string[];
  inside: Record<string, [epoch: number, globalStep: number] | null>;
  state: State | State[];
}
interface Case {
  model_checkpoint: object | object[];
  metrics: { names: string[]; values: (number | string)[]; logged_in: string };
  trainer: { train_batches: number; val_batches: number; [option: string]: number };
  files_before?: string[];
  warnings: string[];
  timeline: Row[];
  raised?: { class: string } | null;
}
interface Reference {
  cases: Record<string, Case>;
  state_key: { args: object; state_key: string }[];
}
const reference: Reference = JSON.parse(
  readFileSync(new URL('../../../test/reference/model_checkpoint_2.6.5.json', import.meta.url), 'utf8'),
);

/** Values that Lightning lets through and this project refuses, because they can only be mistakes. */
const stricter = new Set(['invalid_save_last_bad', 'invalid_top_k_float']);

const optionsOf = (given: object) =>
  camelCase(
    'train_time_interval' in given ? { ...given, train_time_interval: 1 } : given,
  ) as ModelCheckpointOptions;

function scripted(name: string, { metrics: { names, values, logged_in } }: Case): Scripted {
  let validations = 0;
  let trained = 0;
  const raises = /exception/.test(name);
  return new Scripted({
    onTrainingBatch(module, batchIdx) {
      if (raises && module.currentEpoch === 1 && batchIdx === 1) throw new Error('boom');
      if (logged_in.includes('one value per batch')) module.log(names[0]!, Number(values[trained]));
      if (logged_in.includes('on_epoch=True'))
        module.log(names[0]!, Number(values[module.currentEpoch]), { onEpoch: true });
      trained++;
    },
    onValidationBatch(module) {
      if (!logged_in.startsWith('validation_step')) return;
      for (const name of names) module.log(name, Number(values[validations]));
      validations++;
    },
  });
}

/** To the six digits on which a float32 mean and ours agree; infinities as the file spells them. */
const score = (value: Score | undefined): Score =>
  typeof value !== 'number'
    ? (value ?? null)
    : Number.isFinite(value)
      ? Number(value.toPrecision(6))
      : `${value}`;

function stateOf(callback: ModelCheckpoint, root: string): State {
  const short = (path: string) => path && relative(root, path);
  return {
    best_model_path: short(callback.bestModelPath),
    best_model_score: score(callback.bestModelScore),
    current_score: score(callback.currentScore),
    best_k_models: Object.fromEntries(
      Array.from(callback.bestKModels, ([path, value]) => [short(path), score(value)]),
    ),
    kth_best_model_path: short(callback.kthBestModelPath),
    kth_value: score(callback.kthValue),
    last_model_path: short(callback.lastModelPath),
  };
}

async function filesIn(root: string): Promise<Pick<Row, 'files' | 'inside'>> {
  const files: string[] = [];
  const inside: Row['inside'] = {};
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((e) => e.name.endsWith('.ckpt'))) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    files.push(entry.isSymbolicLink() ? `${name} -> ${readlinkSync(path)}` : name);
    const isCheckpoint = readFileSync(path, 'utf8') !== '';
    const { epoch = 0, globalStep = 0 } = isCheckpoint ? await readCheckpoint(path) : {};
    inside[name] = isCheckpoint ? [epoch, globalStep] : null;
  }
  return { files: files.sort(), inside };
}

async function replay(name: string, given: Case, timeline: Row[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'model-checkpoint-'));
  for (const file of given.files_before ?? []) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  const several = Array.isArray(given.model_checkpoint);
  const usesLogger = name === 'default_dirpath_csv_logger';
  const callbacks = [given.model_checkpoint]
    .flat()
    .map((options) => new ModelCheckpoint({ ...optionsOf(options), ...(!usesLogger && { dirpath: root }) }));
  const { train_batches, val_batches, ...options } = given.trainer;
  const trainer = new Trainer({
    ...quiet,
    ...(camelCase(options) as TrainerConfig),
    defaultRootDir: root,
    logger: usesLogger ? new CSVLogger({ saveDir: root }) : false,
    callbacks,
  });

  const record = async (at: string) => {
    const states = callbacks.map((callback) => stateOf(callback, root));
    const row: Row = {
      at,
      epoch: trainer.currentEpoch,
      global_step: trainer.globalStep,
      ...(await filesIn(root)),
      state: several ? states : states[0]!,
    };
    const { files, inside, state } = timeline.at(-1) ?? {};
    const [now, before] = [
      JSON.stringify([row.files, row.inside, row.state]),
      JSON.stringify([files, inside, state]),
    ];
    if (now !== before) timeline.push(row);
  };
  callbacks.forEach((callback, i) => {
    const members = callback as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [hook, method] of declaredHooks(ModelCheckpoint.prototype)) {
      if (!hook.startsWith('on_')) continue;
      const original = members[method]!.bind(callback);
      members[method] = async (...args) => {
        await original(...args);
        await record(hook === 'on_train_start' ? hook : `ModelCheckpoint${several ? `[${i}]` : ''}.${hook}`);
      };
    }
  });
  await trainer.fit(scripted(name, given), {
    trainDataloader: batches(train_batches),
    ...(name.includes('no_val_loader') ? {} : { valDataloaders: batches(val_batches) }),
  });
}

const roundedState = (state: State): State => ({
  ...state,
  best_model_score: score(state.best_model_score),
  current_score: score(state.current_score),
  kth_value: score(state.kth_value),
  best_k_models: Object.fromEntries(Object.entries(state.best_k_models).map(([path, s]) => [path, score(s)])),
});

const expected = (row: Row): Row => ({
  ...row,
  files: row.files.sort(),
  state: Array.isArray(row.state) ? row.state.map(roundedState) : roundedState(row.state),
});

describe('ModelCheckpoint does what Lightning 2.6.5 did', () => {
  afterEach(() => void vi.restoreAllMocks());
  const cases = Object.entries(reference.cases);

  it.each(cases.filter(([name]) => !name.startsWith('invalid_')))('%s', async (name, given) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const timeline: Row[] = [];
    const run = replay(name, given, timeline);
    if (given.raised == null) await run;
    else await expect(run).rejects.toThrow(Error);
    expect(timeline).toEqual((given.timeline ?? []).map(expected));
    const warned = written.mock.calls.filter(([text]) => String(text).includes('files of an earlier run'));
    expect(warned).toHaveLength(given.warnings?.length ?? 0);
  });

  it.each(cases.filter(([name]) => name.startsWith('invalid_')))(
    '%s',
    (name, { model_checkpoint, raised }) => {
      const make = () => new ModelCheckpoint(optionsOf(model_checkpoint));
      if (raised != null || stricter.has(name)) expect(make).toThrow(/^checkpoint\./);
      else expect(make).not.toThrow();
    },
  );

  it.each(reference.state_key)('state key of $args', ({ args, state_key }) => {
    expect(new ModelCheckpoint(optionsOf(args)).stateKey).toBe(state_key);
  });
});
