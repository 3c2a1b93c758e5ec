import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Callback,
  declaredHooks,
  EarlyStopping,
  Hook,
  type HookName,
  hookNames,
  LightningDataModule,
  type LightningModule,
  Logger,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  type ModuleHooks,
  Trainer,
  type TrainerConfig,
  tf,
} from '@pl-ts/runtime';
import { dataHooks } from './recorded-data.js';
import { recordedModel } from './recorded-model.js';
import { type HookEvent, type ScenarioData, takesOutputs } from './scenario.js';

/** What a scenario does in a hook; what it returns, the hook returns. */
export type Intervention = (event: HookEvent, trainer: Trainer) => unknown;

/** Notes a call down, then makes it. */
export type RecordCall = (
  source: string,
  hook: string,
  args: readonly unknown[],
  call?: () => unknown,
) => unknown;

type Method = (this: never, ...args: never[]) => unknown;
export type Methods = { [hook: string]: Method };

export interface RecordingOptions {
  config: TrainerConfig;
  data: ScenarioData;
  /** The hooks that the module has. */
  hooks: readonly (keyof ModuleHooks)[];
  intervene?: Intervention | undefined;
  /** False where the module has the hooks that give data. */
  withDataModule?: boolean;
  callbacks?: (recording: Recording) => Callback[];
}

/** Records every hook of a module, a data module, callbacks and a logger while a real trainer runs them. */
export class Recording {
  readonly events: HookEvent[] = [];
  readonly trainer: Trainer;
  readonly model: LightningModule;
  readonly datamodule: LightningDataModule | undefined;
  #depth = 0;
  readonly #intervene: Intervention;

  constructor({ config, data, hooks, intervene, withDataModule = true, callbacks }: RecordingOptions) {
    this.#intervene = intervene ?? (() => {});
    this.model = recordedModel(hooks, data, this.record);
    this.datamodule = withDataModule
      ? new (recorded(LightningDataModule, 'datamodule', this.record, hookNames.data, {
          ...dataHooks(data, this.record),
          state_dict: () => ({ dm: 1 }),
        }))()
      : undefined;
    this.trainer = new Trainer({
      numSanityValSteps: 2,
      logEveryNSteps: 1,
      enableProgressBar: false,
      enableModelSummary: false,
      enableCheckpointing: false,
      defaultRootDir: mkdtempSync(join(tmpdir(), 'hook-order-')),
      logger: new RecordedLogger(this.record),
      ...config,
      callbacks: callbacks?.(this) ?? [this.callback('callback')],
    });
  }

  readonly record: RecordCall = (source, hook, args, call) => {
    const { state, currentEpoch, globalStep } = this.trainer;
    const event: HookEvent = {
      depth: this.#depth,
      source,
      hook,
      numbers: args.filter((arg) => typeof arg === 'number'),
      stage: `${state.fn ?? 'None'}/${state.stage ?? 'None'}`,
      epoch: currentEpoch,
      step: globalStep,
      ...(takesOutputs(hook) && { outputs: described(args[0]) }),
    };
    this.events.push(event);
    this.#depth++;
    let pending: Promise<unknown> | undefined;
    try {
      const result = this.#intervene(event, this.trainer) ?? call?.();
      if (!(result instanceof Promise)) return result;
      pending = result.finally(() => this.#depth--);
      return pending;
    } finally {
      if (pending === undefined) this.#depth--;
    }
  };

  /** A callback that does nothing else. */
  callback(source: string): Callback {
    const methods = { state_dict: () => ({ foo: 1 }) };
    const Recorded = recorded(Callback, source, this.record, hookNames.callback, methods);
    return Object.defineProperty(new Recorded(), 'stateKey', { value: source });
  }

  modelCheckpoint(options: ModelCheckpointOptions = {}): Callback {
    return new (recorded(ModelCheckpoint, 'ModelCheckpoint', this.record, hookNames.callback))(options);
  }

  earlyStopping(monitor: string): Callback {
    return new (recorded(EarlyStopping, 'EarlyStopping', this.record, hookNames.callback))({ monitor });
  }
}

/** As the reference files describe arguments. */
function described(value: unknown): string {
  if (value instanceof tf.Tensor) return 'tensor';
  if (Array.isArray(value)) return `[${value.map(described)}]`;
  return typeof value === 'object' && value !== null ? `{${Object.keys(value)}}` : String(value);
}

/** A logger without a place to write to. */
class RecordedLogger extends Logger {
  readonly name = 'recorded';
  readonly version = 0;

  constructor(private readonly record: RecordCall) {
    super();
  }

  override logHyperparams(): void {
    this.record('logger', 'log_hyperparams', []);
  }

  override logGraph(): void {
    this.record('logger', 'log_graph', []);
  }

  override logMetrics(): void {
    this.record('logger', 'log_metrics', []);
  }

  override afterSaveCheckpoint(): void {
    this.record('logger', 'after_save_checkpoint', []);
  }

  override finalize(): void {
    this.record('logger', 'finalize', []);
  }
}

/**
 * A subclass whose hooks, named as they are, are noted down and then do what the given method does, or that of the base
 * class.
 */
export function recorded<Args extends unknown[], Instance extends object>(
  base: (abstract new (...args: Args) => Instance) & { readonly prototype: object },
  source: string,
  record: RecordCall,
  names: readonly HookName[],
  methods: Methods = {},
): new (
  ...args: Args
) => Instance {
  const members = base.prototype as Methods;
  const Base = base as unknown as new (...args: unknown[]) => object;
  class Recorded extends Base {}
  for (const name of names) {
    const inherited = declaredHooks(base.prototype).get(name);
    const method = methods[name] ?? (inherited === undefined ? undefined : members[inherited]);
    Object.defineProperty(Recorded.prototype, name, {
      value(this: never, ...args: never[]) {
        return record(source, name, args, method && (() => method.apply(this, args)));
      },
    });
    Hook(name)(Recorded.prototype, name, {} as never);
  }
  return Recorded as unknown as new (
    ...args: Args
  ) => Instance;
}
