import { describe, expect, it } from 'vitest';
import { useGeneratedLoops } from './generated-loops.js';
import { newRecording, recordedHooks, replay } from './replay.js';
import { eventsOf, type HookEvent, readScenario, scenarioNames, show, takesOutputs } from './scenario.js';

const version = '1.9.5';

// Lightning 1.9 gives the outputs of an epoch's steps to hooks of their own. Everything else about these records is old:
// what the two versions have in common is the order of these hooks among the steps, the beginnings and the ends.
const orderedAlike = (hook: string) =>
  /^(training|validation|test|predict)_step$|^on_\w+_epoch_(start|end)$|^on_\w+_batch_end$/.test(hook) ||
  takesOutputs(hook);

// Of the classes in these records the wrapper still notes the calls of hooks that they do not override.
const classesWithout = new Set(['fit_no_epoch_end_overrides', 'fit_no_validation_step']);

// Lightning 1.9 ends a fit on Ctrl-C as if it had succeeded. What we do is compared with 2.6, in hook-order.test.ts.
const notAlike = new Set(['fit_keyboard_interrupt']);

const outputHooks = ['training_epoch_end', 'validation_epoch_end', 'test_epoch_end'] as const;

describe.each(['interpreted', 'generated'])('run by %s loops', (loops) => {
  it.each(scenarioNames(version).filter((name) => !notAlike.has(name)))(
    'outputs come as in Lightning 1.9 in %s',
    async (name) => {
      const scenario = readScenario(version, name);
      const hasOutputHooks = !classesWithout.has(name);
      const relevant = (events: readonly HookEvent[]): string[] =>
        events
          .filter(({ source, hook }) => (source === 'module' || source === 'callback') && orderedAlike(hook))
          .filter(({ hook }) => hasOutputHooks || !takesOutputs(hook))
          .map((event) => show({ ...event, depth: 0, numbers: event.numbers.slice(0, 1) }));

      const hooks = [...recordedHooks(name, scenario), ...(hasOutputHooks ? outputHooks : [])];
      const recording = newRecording(name, scenario, hooks);
      if (loops === 'generated') await useGeneratedLoops(recording.model, hooks);
      const run = replay(scenario, recording, hooks);
      if (scenario.raised) await expect(run).rejects.toThrow();
      else await run;
      expect(relevant(recording.events)).toEqual(relevant(eventsOf(scenario)));
    },
  );
});
