import { PLError } from '../errors/pl-error.js';
import type { Trainer } from '../trainer/trainer.js';
import { completeHparams } from './hparams.js';
import { dataModuleFromCheckpoint } from './load-from-checkpoint.js';

/**
 * Base class of data modules: everything about the data of a project in one place, `@Hook('prepare_data')`,
 * `@Hook('setup')` and the hooks that give data loaders.
 *
 * @typeParam H the settings, declared by `@Hparams` on the constructor's parameter
 */
export abstract class LightningDataModule<H extends object = object> {
  /** The settings: validated and with their defaults when the project was compiled, as given otherwise. */
  readonly hparams: Required<H>;
  /** Whether `prepare_data` runs once on each host (true), or on the first host only, where they share a file system. */
  prepareDataPerNode = true;
  #trainer: Trainer | undefined;

  /**
   * A data module as a checkpoint has it: with the settings that are kept there, and the state that its hook
   * `load_state_dict` takes.
   *
   * @param hparams settings to use in place of the checkpoint's, or that it leaves out
   * @throws PLError PL2xxx when a setting does not fit, PL3xxx when the file cannot be read
   */
  static loadFromCheckpoint<Data extends LightningDataModule, Hparams>(
    this: new (
      hparams: Hparams,
    ) => Data,
    path: string,
    hparams: Partial<NonNullable<Hparams>> = {},
  ): Promise<Data> {
    // biome-ignore lint/complexity/noThisInStatic: the class on which it was called
    return dataModuleFromCheckpoint(this, path, hparams);
  }

  /** @throws PLError PL2xxx when a setting does not fit its declaration */
  constructor(hparams?: H) {
    this.hparams = completeHparams(new.target, hparams) as Required<H>;
  }

  /** The trainer that uses this data module. */
  get trainer(): Trainer {
    if (this.#trainer !== undefined) return this.#trainer;
    throw new PLError('PL5009', `${this.constructor.name} is not attached to a trainer.`, {
      hint: 'Use it from a hook, or after trainer.fit(model, { datamodule }) began.',
    });
  }

  set trainer(trainer: Trainer) {
    this.#trainer = trainer;
  }
}
