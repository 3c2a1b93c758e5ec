import { describe, expect, it } from 'vitest';
import { useGeneratedLoops } from './generated-loops.js';
import { dataHooks, type ModuleHook, newRecording, recordedHooks, replay } from './replay.js';
import {
  eventsOf,
  type HookEvent,
  type RecordedScenario,
  readScenario,
  readSummaries,
  type Scenario,
  type ScenarioData,
  scenarioNames,
  show,
} from './scenario.js';

const version = '2.6.5';

/** Texts of errors are our own where the framework raises them. */
const ownWords: Record<string, RegExp> = {
  fit_scheduler_plateau_step_val_check_half: /ReduceLROnPlateau watches 'val_loss'/,
  fit_keyboard_interrupt: /interrupted by SIGINT/,
};

/** Which hooks the module has: all that were recorded, or only those that it cannot do without. */
const hookSets: Record<string, (name: string, scenario: Scenario) => ModuleHook[]> = {
  'every hook': recordedHooks,
  'no hook but the steps': (name, scenario) =>
    recordedHooks(name, scenario).filter(
      (hook) =>
        dataHooks.test(hook) ||
        /^(training|validation|test|predict)_step$|^configure_optimizers$/.test(hook) ||
        (hook === 'on_train_batch_start' && name === 'fit_batch_start_minus1_module'),
    ),
};

/** What happens in torch or in Lightning's loggers: our modules have their mode as a property. */
const ofTheOthers = new Set(['module.train', 'logger.save']);

/** Lightning begins every run with it; here that would clear the gradients that a checkpoint restored. */
const isEarlyZeroGrad = ({ source, hook, stage }: HookEvent) =>
  source === 'module' && hook === 'zero_grad' && stage !== 'fit/validate';

const expectedEvents = (scenario: RecordedScenario): HookEvent[] =>
  eventsOf(scenario).filter(
    (event) => !ofTheOthers.has(`${event.source}.${event.hook}`) && !isEarlyZeroGrad(event),
  );

/** Leaves out what a module without the hooks does not show. */
function withoutHooks(events: readonly HookEvent[], hooks: readonly string[]): HookEvent[] {
  const own = new Set([
    ...hooks,
    'zero_grad',
    'forward',
    'toggle_optimizer',
    'untoggle_optimizer',
    'manual_backward',
  ]);
  return events
    .filter(({ source, hook }) => source !== 'module' || own.has(hook))
    .filter(({ source, hook }) => source !== 'optimizer' || hook !== 'zero_grad')
    .map((event) => ({ ...event, depth: 0 }));
}

/** The events that both recordings have. */
function comparable(events: readonly HookEvent[], name: string, { data }: Scenario): HookEvent[] {
  return events.filter(({ source, hook }) => {
    // An iterable is read one batch ahead, at moments of our own.
    if (data.iterable && source === 'data') return false;
    // That class computes the loss in the step itself.
    return name !== 'fit_no_validation_step' || hook !== 'forward';
  });
}

/** We pass the data loader's index always, Lightning where there are several. */
const withNumbersOf = (expected: readonly HookEvent[], events: readonly HookEvent[]) =>
  events.map((event, i) => ({ ...event, numbers: event.numbers.slice(0, expected[i]?.numbers.length) }));

/** What Lightning did, changed to what we do where we differ on purpose. */
const differences: Record<string, (expected: HookEvent[]) => HookEvent[]> = {
  // An interrupt waits for the end of the running batch, so that the run can go on after it.
  fit_keyboard_interrupt(expected) {
    const stepOf = (events: readonly HookEvent[]) =>
      events.findIndex(({ hook, numbers }) => hook === 'training_step' && numbers[0] === 1);
    const whole = expectedEvents(readScenario(version, 'fit_basic'));
    const rest = whole.slice(
      stepOf(whole) + 1,
      whole.findIndex(({ hook, numbers }) => hook === 'fetch_train' && numbers[0] === 2),
    );
    const raised = stepOf(expected) + 1;
    return [
      ...expected.slice(0, raised),
      ...rest,
      ...expected.slice(raised).map((event) => ({ ...event, step: 2 })),
    ];
  },
};

describe.each(Object.keys(hookSets))('a module with %s', (hookSet) => {
  describe.each(['interpreted', 'generated'])('run by %s loops', (loops) => {
    it.each(scenarioNames(version))('does as Lightning in %s', async (name) => {
      const scenario = readScenario(version, name);
      const hooks = hookSets[hookSet]!(name, scenario);
      const recording = newRecording(name, scenario, hooks);
      const { trainer, model, events } = recording;
      if (loops === 'generated') await useGeneratedLoops(model, hooks);

      const run = replay(scenario, recording, hooks);
      if (scenario.raised) await expect(run).rejects.toThrow(ownWords[name] ?? scenario.raised.message);
      else await run;

      const known = expectedEvents(scenario);
      const meant = comparable(differences[name]?.(known) ?? known, name, scenario);
      const all = comparable(events, name, scenario);
      const isWhole = hookSet === 'every hook';
      const expected = isWhole ? meant : withoutHooks(meant, hooks);
      const recorded = withNumbersOf(expected, isWhole ? all : withoutHooks(all, hooks));
      expect(recorded.map(show)).toEqual(expected.map(show));

      const { after } = scenario;
      expect([
        trainer.state.status,
        trainer.state.fn ?? 'None',
        trainer.currentEpoch,
        trainer.shouldStop,
      ]).toEqual([after.status, after.fn, after.current_epoch, after.should_stop]);
      expect(trainer.globalStep).toBe(name === 'fit_keyboard_interrupt' ? 2 : after.global_step);
    });
  });
});

/** Scenarios of which only the number of events is here: what their names and notes say of them. */
const counted: Record<
  string,
  Partial<Pick<Scenario, 'call' | 'trainer'>> & { data?: Partial<ScenarioData> }
> = {
  fit_no_datamodule: {},
  fit_accumulate2: { trainer: { accumulate_grad_batches: 2 } },
  fit_limit_train_0: { trainer: { limit_train_batches: 0 } },
  fit_dict_loss: { data: { dict_loss: true } },
  fit_no_optimizer: { data: { optimizer: 'none' } },
  test_2_loaders: { call: ['test'], data: { test_loaders: 2 } },
  fit_2_val_loaders: { data: { val_loaders: 2 } },
  fit_gradient_clip_value: { trainer: { gradient_clip_val: 0.5, gradient_clip_algorithm: 'value' } },
  fit_logging: { trainer: { log_every_n_steps: 2 }, data: { train: 4, log: true } },
  fit_val_check_half_max_steps_3: { trainer: { val_check_interval: 0.5, max_steps: 3 }, data: { train: 4 } },
  fit_lbfgs: { data: { train: 2, optimizer: 'lbfgs' } },
  resume_from_end_of_epoch_0: { call: ['fit(ckpt_path)'] },
  // Goes on with the third batch, where Lightning begins the data again: as many events.
  resume_from_mid_epoch_0_step_2: { call: ['fit(ckpt_path)'] },
  test_from_checkpoint: { call: ['test(ckpt_path)'] },
};

/** How many events the reference has for ours. */
function countAsReference(events: readonly HookEvent[]): number {
  const count = (...hooks: string[]) => events.filter(({ hook }) => hooks.includes(hook)).length;
  const switches = count('on_validation_model_eval', 'on_test_model_eval', 'on_predict_model_eval');
  const zeroGrads = count('log_graph'); // one at the beginning of each run
  const saves = count('log_graph', 'log_metrics', 'finalize');
  return events.length + switches + zeroGrads + saves;
}

describe.each(['interpreted', 'generated'])('run by %s loops', (loops) => {
  const summaries = readSummaries(version);

  it.each(Object.keys(counted))('a module has as many calls as with Lightning in %s', async (name) => {
    const { call = ['fit'], trainer, data } = counted[name]!;
    const { events, note, current_epoch, global_step } = summaries[name]!;
    const scenario: Scenario = {
      call,
      trainer: { max_epochs: current_epoch || 2, num_sanity_val_steps: 2, log_every_n_steps: 1, ...trainer },
      data: { train: 3, val: 2, ...data },
      note,
      own_dataloaders_on_module: name === 'fit_no_datamodule',
    };
    const hooks = recordedHooks(name, scenario);
    const recording = newRecording(name, scenario, hooks);
    if (loops === 'generated') await useGeneratedLoops(recording.model, hooks);
    await replay(scenario, recording, hooks);
    expect(countAsReference(recording.events)).toBe(events);
    expect([recording.trainer.currentEpoch, recording.trainer.globalStep]).toEqual([
      current_epoch,
      global_step,
    ]);
  });

  it('every recorded scenario takes part', () => {
    expect([...scenarioNames(version), ...Object.keys(counted)].sort()).toEqual(
      Object.keys(summaries).sort(),
    );
  });
});
