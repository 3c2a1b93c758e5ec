import type { DataLoader } from '../data/data-loader.js';
import { PLError } from '../errors/pl-error.js';
import { type BoundHooks, bindHooks } from '../hooks/bind.js';
import type { DataHooks, EvaluationStage, TrainerFn } from '../hooks/signatures.js';
import type { LightningDataModule } from '../module/lightning-data-module.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { Strategy } from '../strategies/strategy.js';

export type Loaders = DataLoader<unknown> | readonly DataLoader<unknown>[];

/** Data given to the call itself; comes before the data module's and the module's hooks. */
export interface GivenData {
  datamodule?: LightningDataModule;
  trainDataloader?: DataLoader<unknown>;
  evaluationDataloaders?: Loaders;
}

const loaderHook = {
  validation: 'val_dataloader',
  test: 'test_dataloader',
  predict: 'predict_dataloader',
} as const satisfies Record<EvaluationStage, keyof DataHooks>;

/** Where a run's batches come from: loaders given to the call, else the data module, else the module. */
export class DataSource {
  readonly #module: BoundHooks<'module'>;
  readonly #data: BoundHooks<'data'>;
  readonly datamodule: LightningDataModule | undefined;

  constructor(
    private readonly module: LightningModule,
    moduleHooks: BoundHooks<'module'>,
    private readonly given: GivenData,
  ) {
    this.#module = moduleHooks;
    this.datamodule = given.datamodule;
    this.#data = given.datamodule === undefined ? {} : bindHooks<'data'>(given.datamodule);
  }

  /** Once on each host, or once in all where the owner of the hook says so. */
  async prepare({ localRank, globalRank }: Pick<Strategy, 'localRank' | 'globalRank'>): Promise<void> {
    const isDue = (owner: { prepareDataPerNode: boolean } | undefined) =>
      (owner?.prepareDataPerNode === false ? globalRank : localRank) === 0;
    if (isDue(this.datamodule)) await this.#data.prepare_data?.();
    if (isDue(this.module)) await this.#module.prepare_data?.();
  }

  async setup(stage: TrainerFn): Promise<void> {
    await this.#data.setup?.(stage);
  }

  async teardown(stage: TrainerFn): Promise<void> {
    await this.#data.teardown?.(stage);
  }

  async exception(error: unknown): Promise<void> {
    await this.#data.on_exception?.(error);
  }

  stateDict(): Record<string, unknown> | undefined {
    return this.#data.state_dict?.();
  }

  loadStateDict(state: Record<string, unknown>): void {
    this.#data.load_state_dict?.(state);
  }

  async trainDataloader(): Promise<DataLoader<unknown>> {
    return this.#training(await this.#askForTraining());
  }

  /** As `trainDataloader`, for a hook that cannot wait. @throws PLError PL5037 where the data's own hook is asynchronous */
  trainDataloaderNow(): DataLoader<unknown> {
    const loader = this.#askForTraining();
    if (!(loader instanceof Promise)) return this.#training(loader);
    loader.catch(() => undefined);
    throw new PLError('PL5037', "'train_dataloader' is asynchronous, so its length is not known here.", {
      hint: "Load the data in the hook 'setup', which may be asynchronous, and make the DataLoader without waiting.",
    });
  }

  #askForTraining(): DataLoader<unknown> | undefined | Promise<DataLoader<unknown>> {
    return this.given.trainDataloader ?? this.#hook('train_dataloader')?.();
  }

  #training(loader: DataLoader<unknown> | undefined): DataLoader<unknown> {
    if (loader !== undefined) return checked(loader, this.given.trainDataloader, 'train_dataloader');
    throw new PLError('PL5010', `there is no training data: ${this.#owners()} no hook 'train_dataloader'.`, {
      hint: "Mark a method that returns a DataLoader with @Hook('train_dataloader'), or pass trainDataloader to fit.",
    });
  }

  /** The stage's data loaders; none where nothing gives any. */
  async evaluationDataloaders(stage: EvaluationStage): Promise<readonly DataLoader<unknown>[]> {
    const name = loaderHook[stage];
    const loaders = this.given.evaluationDataloaders ?? (await this.#hook(name)?.());
    if (loaders === undefined) return [];
    return (Array.isArray(loaders) ? loaders : [loaders]).map((loader) =>
      checked(loader, this.given.evaluationDataloaders, name),
    );
  }

  hasEvaluationData(stage: EvaluationStage): boolean {
    return this.given.evaluationDataloaders !== undefined || this.#hook(loaderHook[stage]) !== undefined;
  }

  /** The hooks around a batch's way to the device, as one function; undefined when there are none. */
  transfer(dataloaderIdx: number): ((batch: unknown) => Promise<unknown>) | undefined {
    const before = this.#hook('on_before_batch_transfer');
    const move = this.#hook('transfer_batch_to_device');
    const after = this.#hook('on_after_batch_transfer');
    if (before === undefined && move === undefined && after === undefined) return undefined;
    return async (batch) => {
      let moved = before === undefined ? batch : await before(batch, dataloaderIdx);
      if (move !== undefined) moved = await move(moved, 'cpu', dataloaderIdx);
      return after === undefined ? moved : await after(moved, dataloaderIdx);
    };
  }

  #hook<Name extends keyof DataHooks>(name: Name): DataHooks[Name] | undefined {
    return (this.#data[name] ?? this.#module[name]) as DataHooks[Name] | undefined;
  }

  #owners(): string {
    const module = this.module.constructor.name;
    return this.datamodule === undefined
      ? `${module} has`
      : `${this.datamodule.constructor.name} and ${module} have`;
  }
}

function checked(loader: unknown, given: unknown, hook: string): DataLoader<unknown> {
  if (typeof loader === 'object' && loader !== null && 'iterate' in loader)
    return loader as DataLoader<unknown>;
  const got =
    typeof loader === 'object' && loader !== null
      ? `a ${loader.constructor?.name ?? 'record'}`
      : String(loader);
  const where = given === undefined ? `'${hook}' returned` : 'the call got';
  throw new PLError('PL5011', `${where} ${got} in the place of a DataLoader.`, {
    hint: 'Wrap the dataset: new DataLoader(dataset, { batchSize: 32 }).',
  });
}
