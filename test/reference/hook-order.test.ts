import { readFileSync } from 'node:fs';
import type { Trainer, TrainerConfig } from '@pl-ts/runtime';
import { describe, expect, it } from 'vitest';
import { type HookEvent, Recording, type ScenarioData } from './recording.js';

interface Reference {
  call: string[];
  trainer: Record<string, unknown>;
  data: ScenarioData;
  events: [
    depth: number,
    source: string,
    hook: string,
    args: unknown[],
    stage: string,
    epoch: number,
    step: number,
  ][];
  raised?: { message: string };
  after: { status: string; current_epoch: number; global_step: number; should_stop: boolean };
}

/** What a scenario's note says is done in a hook; a value that it gives is what the hook returns. */
type Intervention = (event: HookEvent, trainer: Trainer) => unknown;

const stopAt =
  (wanted: string, hook: string, epoch: number, batchIdx?: number): Intervention =>
  ([source, name, numbers, stage, currentEpoch], trainer) => {
    if (source !== 'callback' || name !== hook || stage !== wanted || currentEpoch !== epoch) return;
    if (batchIdx === undefined || numbers[0] === batchIdx) trainer.shouldStop = true;
  };

const at =
  (wantedSource: string, hook: string, batchIdx: number, act: () => unknown): Intervention =>
  ([source, name, numbers]) =>
    source === wantedSource && name === hook && numbers[0] === batchIdx ? act() : undefined;

const none: Intervention = () => {};

const fail = () => {
  throw new Error('boom in validation_step');
};

/** The scenarios that apply, each with what its note says is done while it runs. */
const scenarios: Record<string, Intervention> = {
  fit_accumulate2_4batches: none,
  fit_basic: none,
  fit_batch_start_minus1: at('callback', 'on_train_batch_start', 2, () => -1),
  fit_batch_start_minus1_module: at('module', 'on_train_batch_start', 2, () => -1),
  fit_check_val_every_2: none,
  fit_exception_training_step: none,
  fit_exception_validation_step: at('module', 'validation_step', 0, fail),
  fit_exception_validation_step_epoch_0: at('module', 'validation_step', 0, fail),
  fit_fast_dev_run: none,
  fit_fast_dev_run_2: none,
  fit_gradient_clip_accumulate2: none,
  fit_gradient_clip_norm: none,
  fit_iterable: none,
  fit_limit_val_0: none,
  fit_manual_2_optimizers: none,
  fit_max_epochs_0: none,
  fit_max_steps_3: none,
  fit_max_steps_3_at_epoch_end: none,
  fit_min_steps: none,
  fit_no_epoch_end_overrides: none,
  fit_none_step: none,
  fit_none_step_accumulate2: none,
  fit_none_step_all: none,
  fit_overfit_batches_1: none,
  fit_sanity_0: none,
  fit_sanity_all: none,
  fit_scheduler_both: none,
  fit_scheduler_epoch: none,
  fit_scheduler_epoch_freq2: none,
  fit_scheduler_plateau_epoch: none,
  fit_scheduler_plateau_step_val_check_half: none,
  fit_scheduler_step: none,
  fit_scheduler_step_accumulate2: none,
  fit_scheduler_step_freq2: none,
  fit_should_stop_mid_epoch: stopAt('fit/train', 'on_train_batch_end', 0, 1),
  fit_should_stop_min_epochs_2: stopAt('fit/train', 'on_train_batch_end', 0, 0),
  fit_stop_in_validation: stopAt('fit/validate', 'on_validation_end', 0),
  fit_val_check_half: none,
  fit_val_check_int_2_of_5: none,
  fit_val_check_int_across_epochs: none,
  fit_validate_test_predict: none,
  predict: none,
  predict_2_loaders: none,
  test: none,
  validate: none,
  validate_2_loaders: none,
};

// Events of torch's own module methods, and of hooks that take no part here yet.
const notHooks = new Set(['forward', 'zero_grad', 'train', 'backward', 'clip_gradients']);

// Texts of errors are our own where the framework raises them.
const ownWords: Record<string, RegExp> = {
  fit_scheduler_plateau_step_val_check_half: /ReduceLROnPlateau watches 'val_loss'/,
};

const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

function configOf(trainer: Record<string, unknown>): TrainerConfig {
  return Object.fromEntries(
    Object.entries(trainer).map(([name, value]) => [
      name === 'check_val_every_n_epoch' ? 'checkValEveryNEpoch' : camelCase(name),
      value,
    ]),
  );
}

/** The reference's events in this recording's form: sources that apply, and only numbers among the arguments. */
function expectedEvents({ events, data }: Reference): HookEvent[] {
  return events
    .filter(([, source, hook]) => {
      if (source === 'module') return !notHooks.has(hook);
      // An iterable is read one batch ahead, at moments of our own.
      if (source === 'data') return data.iterable !== true;
      return source === 'callback' || source === 'datamodule' || source === 'optimizer';
    })
    .map(([, source, hook, args, ...state]) => [
      source,
      hook,
      args.filter((arg) => typeof arg === 'number'),
      ...state,
    ]);
}

const show = ([source, hook, numbers, ...state]: HookEvent) =>
  `${source}.${hook}(${numbers}) ${state.join(' ')}`;

describe('hooks run in the order and with the state that Lightning 2.6 recorded', () => {
  for (const [name, intervene] of Object.entries(scenarios)) {
    it(name, async () => {
      const file = new URL(`hooks/2.6.5/hook_order_${name}.json`, import.meta.url);
      const reference: Reference = JSON.parse(readFileSync(file, 'utf8'));
      const { trainer, model, datamodule, events } = new Recording(
        configOf(reference.trainer),
        reference.data,
        intervene,
      );
      const run = async () => {
        for (const call of reference.call) await trainer[call as 'fit'](model, { datamodule });
      };
      if (reference.raised) await expect(run()).rejects.toThrow(ownWords[name] ?? reference.raised.message);
      else await run();

      const expected = expectedEvents(reference);
      const applicable = reference.data.iterable ? events.filter(([source]) => source !== 'data') : events;
      // We pass the data loader's index always, Lightning where there are several.
      const recorded = applicable.map(
        ([source, hook, numbers, ...state], i): HookEvent => [
          source,
          hook,
          numbers.slice(0, expected[i]?.[2].length),
          ...state,
        ],
      );
      expect(recorded.map(show)).toEqual(expected.map(show));
      const { after } = reference;
      expect([trainer.state.status, trainer.currentEpoch, trainer.globalStep, trainer.shouldStop]).toEqual([
        after.status,
        after.current_epoch,
        after.global_step,
        after.should_stop,
      ]);
    });
  }
});
