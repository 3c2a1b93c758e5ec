import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PLError } from '../errors/pl-error.js';
import { declaredHooks } from '../hooks/decorators.js';
import type { TrainerConfig } from '../trainer/options.js';
import { Trainer } from '../trainer/trainer.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
import { batches, camelCase, quiet, Scripted } from './scripted.test.support.js';

// What Lightning 2.6.5 did, recorded by running it; test/reference/README.md describes the file.
interface Row {
  hook: string;
  epoch: number;
  global_step: number;
  wait_count: number;
  best_score: number | string;
  stopped_epoch: number;
  'trainer.should_stop': boolean;
}
interface Case {
  early_stopping: object;
  metric: { name: string | null; values: (number | string)[]; logged_in: 'val' | 'train_epoch' };
  trainer: { train_batches: number; [option: string]: number };
  epochs_run: number;
  global_step: number;
  stopping_reason: string;
  state_dict: Record<string, unknown>;
  state_key: string;
  timeline: Row[];
  raised?: { class: string } | null;
}
const reference: { cases: Record<string, Case> } = JSON.parse(
  readFileSync(new URL('../../../test/reference/early_stopping_2.6.5.json', import.meta.url), 'utf8'),
);

const spelled = (value: number) => (Number.isFinite(value) ? value : String(value));

function scripted({ metric: { name, values, logged_in } }: Case): Scripted {
  let validations = 0;
  if (name === null) return new Scripted();
  if (logged_in === 'train_epoch') {
    return new Scripted({
      onTrainingBatch: (module) =>
        module.log(name, Number(values[module.currentEpoch]), { onStep: false, onEpoch: true }),
    });
  }
  return new Scripted({ onValidationBatch: (module) => module.log(name, Number(values[validations++])) });
}

async function replay(given: Case) {
  const callback = new EarlyStopping(camelCase(given.early_stopping) as unknown as EarlyStoppingOptions);
  const { train_batches, ...options } = given.trainer;
  const trainer = new Trainer({
    ...quiet,
    ...(camelCase(options) as TrainerConfig),
    enableCheckpointing: false,
    callbacks: [callback],
  });
  const state = () => ({
    wait_count: callback.waitCount,
    best_score: spelled(callback.bestScore),
    stopped_epoch: callback.stoppedEpoch,
    'trainer.should_stop': trainer.shouldStop,
  });
  let before = JSON.stringify(state());
  const rows: (Row & { changed: boolean })[] = [];
  const record = (hook: string) => {
    const after = state();
    const changed = JSON.stringify(after) !== before;
    before = JSON.stringify(after);
    rows.push({ hook, epoch: trainer.currentEpoch, global_step: trainer.globalStep, ...after, changed });
  };
  const members = callback as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const [hook, method] of declaredHooks(EarlyStopping.prototype)) {
    if (!hook.startsWith('on_')) continue;
    const original = members[method]!.bind(callback);
    members[method] = (...args) => {
      try {
        original(...args);
      } finally {
        record(hook);
      }
    };
  }
  const error = await trainer
    .fit(scripted(given), { trainDataloader: batches(train_batches), valDataloaders: batches(1) })
    .then(
      () => undefined,
      (caught: unknown) => caught,
    );
  // The file has the rows in which something changed, or the first one where nothing ever did.
  const changes = rows.filter((row) => row.changed);
  const timeline = (changes.length > 0 ? changes : rows.slice(0, 1)).map(({ changed: _, ...row }) => row);
  return { callback, trainer, timeline, error };
}

describe('EarlyStopping does what Lightning 2.6.5 did', () => {
  afterEach(() => void vi.restoreAllMocks());
  const { no_monitor: _typeError, ...cases } = reference.cases;

  it.each(Object.entries(cases))('%s', async (_name, given) => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { callback, trainer, timeline, error } = await replay(given);
    if (given.raised == null) expect(error).toBeUndefined();
    else expect(error).toBeInstanceOf(PLError);
    expect(timeline).toEqual(given.timeline);
    expect(trainer.currentEpoch).toBe(given.epochs_run);
    expect(trainer.globalStep).toBe(given.global_step);
    expect(callback.stateKey).toBe(given.state_key);
    const { stopping_reason_message: _ours, best_score, ...state } = callback.state();
    const { stopping_reason_message: _theirs, ...expected } = given.state_dict;
    expect({ ...state, best_score: spelled(best_score as number) }).toEqual(expected);
  });

  it('no_monitor: a metric has to be named', () => {
    expect(() => new EarlyStopping({} as EarlyStoppingOptions)).toThrow(PLError);
  });
});
