import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Callback,
  ModelCheckpoint,
  PLError,
  ProgressBar,
  Trainer,
  type TrainerOptions,
} from '@pl-ts/runtime';
import { describe, expect, it } from 'vitest';
import { fits, type RunScenario, recordWarnings, runScenarios } from './trainer-runs.js';

interface Raised {
  class: string;
  message: string;
}

interface InitCase {
  label: string;
  arguments: Record<string, unknown>;
  raised: Raised | null;
  effective?: Record<string, unknown>;
}

interface RunCase {
  label: string;
  trainer: Record<string, unknown>;
  raised: Raised | null;
  returned?: unknown;
  warnings: string[];
}

interface Reference {
  trainer_init: { name: string }[];
  init_cases: InitCase[];
  run_cases: RunCase[];
}

const reference: Reference = JSON.parse(
  readFileSync(new URL('trainer_flags_2.6.5.json', import.meta.url), 'utf8'),
);

/** Arguments that this trainer has no setting for. */
const notHere: Record<string, string> = {
  profiler: 'comes with the profiler',
  benchmark: 'has cuDNN time its algorithms; no engine here offers that choice',
  inference_mode: 'switches autograd off; tfjs records nothing unless gradients are asked for',
  plugins: 'replaces parts of torch strategies',
  model_registry: "uploads to Lightning's own service",
};

const camelCase = (name: string) =>
  name === 'check_val_every_n_epoch'
    ? 'checkValEveryNEpoch'
    : name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

describe('the arguments of Trainer', () => {
  it.each(reference.trainer_init.map(({ name }) => name))(
    '%s is a setting here, or it is said why not',
    (name) => {
      const settings = [...Object.keys(new Trainer({ logger: false }).config), 'callbacks', 'logger'];
      expect(settings.includes(camelCase(name))).toBe(!(name in notHere));
    },
  );
});

const quiet: TrainerOptions = {
  logger: false,
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
};

/** Cases whose arguments are objects, which the file cannot show. */
const objects: Record<string, TrainerOptions> = {
  'callbacks single': { callbacks: new (class Own extends Callback {})() },
  'checkpointing False with ModelCheckpoint': {
    enableCheckpointing: false,
    callbacks: [new ModelCheckpoint()],
  },
  'enable_checkpointing a callback': { enableCheckpointing: new ModelCheckpoint() as never },
  'progress bar False with bar callback': { enableProgressBar: false, callbacks: [new ProgressBar()] },
  'two progress bars': { enableProgressBar: true, callbacks: [new ProgressBar(), new ProgressBar()] },
  'positional argument Trainer(5)': 5 as never,
};

const later = 'Lightning takes it and fails in the run, or does something else than it says';

/** Cases that Lightning lets pass and this trainer refuses. */
const refusedHere: Record<string, string> = {
  'max_epochs 1.5': later,
  "max_epochs '3'": later,
  'val_check_interval 0': `${later}: validation after no batch`,
  'check_val_every_n_epoch 0': later,
  'check_val_every_n_epoch -1': later,
  'overfit_batches True': 'JavaScript tells true from 1',
  'accumulate 0': later,
  'accumulate -1': later,
  'accumulate 2.5': later,
  'accumulate dict':
    'a GradientAccumulationScheduler changes the number; Lightning takes the record and fails in the run',
  'accumulate None': later,
  'accumulate True': 'JavaScript tells true from 1',
  'gradient_clip_val -1': `${later}: it clips nothing`,
  'num_sanity_val_steps -5': later,
  'log_every_n_steps -1': later,
  'log_every_n_steps None': 'a setting that is left out has its default, null is a value',
  "deterministic 'maybe'": 'it is true or false',
  'callbacks not a callback': `${later}: it has no hooks`,
  'enable_checkpointing a callback': 'it is true or false; callbacks go into callbacks',
  "logger 'x'": later,
  "detect_anomaly 'x'": 'it is true or false',
  'precision 64': 'TensorFlow.js has no 64-bit numbers',
};

/** Cases that Lightning refuses and this trainer lets pass. */
const acceptedHere: Record<string, string> = {
  'val_check_interval 1.0 with None': 'JavaScript does not tell 1.0 from 1: it is one batch',
  'accelerator gpu without one': 'engines are looked for when a run begins: the error comes then',
};

/** What of the effective settings differs. */
const otherEffect: Record<string, Record<string, unknown>> = {
  // A fast development run has no ModelCheckpoint that would have to be silent, and no logger that takes nothing.
  'fast_dev_run True with logger and checkpointing': { callbacks: [], loggers: [] },
  'fast_dev_run 0': { fast_dev_run: false },
  // A callback class of the test.
  'callbacks single': { callbacks: ['Own'] },
};

describe('new Trainer', () => {
  for (const { label, arguments: given, raised, effective } of reference.init_cases) {
    const missing = Object.keys(given).find((name) => name in notHere);
    if (missing !== undefined) {
      it.skip(`${label}: ${missing} ${notHere[missing]}`);
      continue;
    }
    const options =
      objects[label] ??
      (Object.fromEntries(
        Object.entries(given).map(([name, value]) => [camelCase(name), value]),
      ) as TrainerOptions);
    // Barebones runs refuse what is named, also where it is off.
    const base = typeof options === 'object' ? { ...quiet, ...options } : options;

    if (label in acceptedHere) {
      it(`accepts ${label}: ${acceptedHere[label]}`, () => {
        expect(raised).not.toBeNull();
        new Trainer(base);
      });
    } else if (raised !== null || label in refusedHere) {
      it(`refuses ${label}${label in refusedHere ? `: ${refusedHere[label]}` : ''}`, () => {
        expect(raised === null).toBe(label in refusedHere);
        expect(() => new Trainer(base)).toThrow(PLError);
      });
    } else {
      it(`accepts ${label}`, () => {
        const trainer = new Trainer(base);
        const expected = { ...effective, ...otherEffect[label] };
        expect(effectOf(trainer)).toMatchObject(comparable(expected));
      });
    }
  }

  it('names what it got and what it wanted', () => {
    expect(() => new Trainer({ limitTrainBatches: 1.5 })).toThrow(
      'trainer.limitTrainBatches is 1.5; wanted a whole number of batches, or a share of them between 0 and 1, or null.',
    );
    expect(() => new Trainer({ maxEpoch: 3 } as TrainerOptions)).toThrow(
      "Trainer has no setting 'maxEpoch'. Did you mean maxEpochs?",
    );
    expect(() => new Trainer({ barebones: true, enableProgressBar: true })).toThrow(
      'trainer.barebones is true, but trainer.enableProgressBar is true.',
    );
  });
});

/** A trainer's settings under Lightning's names and in its form. */
function effectOf({ config, callbacks, loggers }: Trainer): Record<string, unknown> {
  const { overfitBatches } = config;
  const overfit = overfitBatches === 0 ? null : overfitBatches;
  return {
    max_epochs: config.maxEpochs,
    max_steps: config.maxSteps,
    min_epochs: config.minEpochs,
    min_steps: config.minSteps,
    limit_train_batches: overfit ?? config.limitTrainBatches ?? 1,
    limit_val_batches: overfit ?? config.limitValBatches ?? 1,
    limit_test_batches: config.limitTestBatches ?? 1,
    limit_predict_batches: config.limitPredictBatches ?? 1,
    val_check_interval: config.valCheckInterval ?? 1,
    check_val_every_n_epoch: config.checkValEveryNEpoch,
    num_sanity_val_steps: config.numSanityValSteps === -1 ? 'Infinity' : config.numSanityValSteps,
    log_every_n_steps: config.logEveryNSteps,
    fast_dev_run: config.fastDevRun,
    overfit_batches: overfitBatches,
    accumulate_grad_batches: config.accumulateGradBatches,
    gradient_clip_val: config.gradientClipVal,
    gradient_clip_algorithm: config.gradientClipAlgorithm,
    callbacks: callbacks.map((callback) => callback.constructor.name),
    loggers: loggers.map((logger) => logger.constructor.name),
  };
}

/** What Lightning recorded, as far as it says something here. */
function comparable(effective: Record<string, unknown>): Record<string, unknown> {
  const { num_devices, precision, max_time, gradient_clip_algorithm, ...rest } = effective;
  // Null is the norm there.
  return gradient_clip_algorithm === null ? rest : { ...rest, gradient_clip_algorithm };
}

/** What Lightning warns of, and the line that says it here; `null` where nothing does, for a reason. */
const warnings: readonly (readonly [lightning: RegExp, here: RegExp | null])[] = [
  [/no `val_dataloader`\. Skipping/, /has the hook 'validation_step', but there is no data/],
  [/no `validation_step`\. Skipping/, /^There is validation data, but .* no hook 'validation_step'/],
  [/returned `None`, this fit will run with no optimizer/, /returned nothing: no weight will change/],
  [/`training_step` returned `None`/, /'training_step' returned nothing/],
  [/unsupported keys in the optimizer configuration/, /means nothing in the record of an optimizer/],
  [/unsupported keys in the lr scheduler dict/, /means nothing in the record of a scheduler/],
  [/not available but strict is set to `False`/, /ReduceLROnPlateau waits for 'nope'/],
  [/there is no last checkpoint available/, /ckptPath is 'last', but there is no checkpoint yet/],
  [/requested to overfit but enabled train dataloader shuffling/, /overfitBatches takes the same batches/],
  [/sampler has shuffling enabled/, /The data of 'validation' is shuffled/],
  [/`max_epochs` was not set/, /maxEpochs is not set: training ends after 1000 epochs/],
  [/smaller than the logging interval/, /every 50th step is logged/],
  // An error here, before this could be said.
  [/across ranks is zero/, null],
  [/was called without a model/, null],
  // The error itself names the operation.
  [/^Error detected in/, null],
];

describe('runs', () => {
  it.each(reference.run_cases.map(({ label }) => label))('%s is replayed, or it is said why not', (label) => {
    expect(label in runScenarios).toBe(true);
  });

  for (const { label, raised, returned, warnings: recorded } of reference.run_cases) {
    const scenario: RunScenario | undefined = runScenarios[label];
    if (scenario === undefined) continue;
    if ('notHere' in scenario) {
      it.skip(`${label}: ${scenario.notHere}`);
      continue;
    }
    it(`${label}${scenario.differs === undefined ? '' : `: ${scenario.differs}`}`, async () => {
      const { trainer: options = {}, run, error, differs } = scenario;
      // Every difference to what Lightning does has its reason.
      expect((raised !== null) !== (error !== undefined)).toBe(differs !== undefined);
      const { given, result } = await recordWarnings(async () => {
        const trainer = new Trainer({
          ...quiet,
          maxEpochs: 1,
          defaultRootDir: mkdtempSync(join(tmpdir(), 'trainer-flags-')),
          ...options,
        });
        return { trainer, value: await run(trainer) };
      });
      if (error === undefined) {
        if (result.status === 'rejected') throw result.reason;
        const value = scenario.returns?.(result.value.trainer) ?? result.value.value;
        if (returned !== null && returned !== undefined) expect(value).toEqual(returned);
      } else {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { message: expect.stringMatching(error) },
        });
      }
      const wanted = recorded.map((line) => fits(warnings, line)).filter((line) => line !== null);
      // An error may come before what Lightning had said by then.
      if (error === undefined) {
        expect(given).toHaveLength(wanted.length);
        for (const line of wanted) expect(given).toContainEqual(expect.stringMatching(line));
      } else {
        for (const line of given)
          expect(
            wanted.some((pattern) => pattern.test(line)),
            line,
          ).toBe(true);
      }
    });
  }
});
