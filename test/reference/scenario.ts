import { readdirSync, readFileSync } from 'node:fs';
import type { TrainerConfig } from '@pl-ts/runtime';

/** How a scenario's module and data are made, as the reference files say it. */
export interface ScenarioData {
  train: number;
  val: number;
  val_loaders?: number;
  test_loaders?: number;
  predict_loaders?: number;
  /** Batches at which the training step returns nothing. */
  none_at?: number[];
  raise_at?: [epoch: number, batch: number];
  /** What is raised there; a KeyboardInterrupt where it is named. */
  exc?: string;
  iterable?: boolean;
  log?: boolean;
  /** Two SGD optimizers, weight and bias, each stepped by the training step. */
  manual?: boolean;
  /** StepLR(1) with this interval; both intervals; ReduceLROnPlateau on val_loss with this interval. */
  sched?: 'step' | 'epoch';
  sched_freq?: number;
  sched_both?: boolean;
  sched_plateau?: 'step' | 'epoch';
  /** Returns the loss in a record. */
  dict_loss?: boolean;
  /** No optimizer, or LBFGS with three evaluations a step, whose calls are not recorded; by default SGD. */
  optimizer?: 'none' | 'lbfgs';
}

type Row = [
  depth: number,
  source: string,
  hook: string,
  args: unknown[],
  stage: string,
  epoch: number,
  step: number,
];

/** What is done in a scenario. */
export interface Scenario {
  call: string[];
  trainer: Record<string, unknown>;
  data: ScenarioData;
  note: string | null;
  own_dataloaders_on_module: boolean;
}

/** What Lightning did in one scenario. */
export interface RecordedScenario extends Scenario {
  events: Row[];
  raised?: { class: string; message: string };
  after: { status: string; fn: string; current_epoch: number; global_step: number; should_stop: boolean };
}

/** What the index tells of a scenario: of all that were recorded, also of those whose events are not here. */
export interface ScenarioSummary {
  events: number;
  note: string | null;
  current_epoch: number;
  global_step: number;
}

/** One call of a hook, with the numbers among its arguments and the trainer's state at that moment. */
export interface HookEvent {
  /** How deep the call is nested in other calls. */
  depth: number;
  source: string;
  hook: string;
  numbers: number[];
  /** `fn/stage` */
  stage: string;
  epoch: number;
  step: number;
  /** What a hook of an epoch's end gets, such as `[{loss},{loss}]`. */
  outputs?: string;
}

const folder = (version: string) => new URL(`hooks/${version}/`, import.meta.url);
const parse = (url: URL) => JSON.parse(readFileSync(url, 'utf8'));

/** The scenarios whose events are here. */
export function scenarioNames(version: string): string[] {
  return readdirSync(folder(version)).flatMap((name) => /^hook_order_(.*)\.json$/.exec(name)?.[1] ?? []);
}

export function readScenario(version: string, name: string): RecordedScenario {
  return parse(new URL(`hook_order_${name}.json`, folder(version)));
}

export function readSummaries(version: string): Record<string, ScenarioSummary> {
  return parse(new URL('index.json', folder(version))).scenarios;
}

/** The events of a scenario; a call that only hands itself on to one of the same name counts once. */
export function eventsOf({ events }: RecordedScenario): HookEvent[] {
  return events
    .map(
      ([depth, source, hook, args, stage, epoch, step]): HookEvent => ({
        depth,
        source,
        hook,
        numbers: args.filter((arg) => typeof arg === 'number'),
        stage,
        epoch,
        step,
        ...(takesOutputs(hook) && { outputs: args.find((arg) => typeof arg === 'string') }),
      }),
    )
    .filter(({ depth, source, hook }, i, all) => {
      const before = all[i - 1];
      return !(before && before.depth === depth - 1 && before.source === source && before.hook === hook);
    });
}

/** Whether a hook gets what all steps of an epoch returned. */
export const takesOutputs = (hook: string) => /^(training|validation|test)_epoch_end$/.test(hook);

/** The trainer's arguments of a scenario, as our settings. */
export function trainerConfig({ trainer }: Pick<Scenario, 'trainer'>): TrainerConfig {
  return Object.fromEntries(Object.entries(trainer).map(([name, value]) => [camelCase(name), value]));
}

const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

export const show = ({ depth, source, hook, numbers, stage, epoch, step, outputs = '' }: HookEvent) =>
  `${'  '.repeat(depth)}${source}.${hook}(${numbers}${outputs}) ${stage} ${epoch} ${step}`;
