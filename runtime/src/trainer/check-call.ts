import { didYouMean } from '../config/suggest.js';
import { PLError } from '../errors/pl-error.js';
import type { TrainerFn } from '../hooks/signatures.js';
import { LightningDataModule } from '../module/lightning-data-module.js';
import { LightningModule } from '../module/lightning-module.js';

const optionsOf = {
  fit: ['datamodule', 'trainDataloader', 'valDataloaders', 'ckptPath'],
  validate: ['datamodule', 'dataloaders', 'ckptPath'],
  test: ['datamodule', 'dataloaders', 'ckptPath'],
  predict: ['datamodule', 'dataloaders', 'ckptPath'],
} as const satisfies Record<TrainerFn, readonly string[]>;

/** Refuses arguments of `fit` and its like that are none. @throws PLError PL5032 */
export function checkCall(fn: TrainerFn, module: unknown, options: unknown): void {
  if (!(module instanceof LightningModule)) {
    throw new PLError('PL5032', `${fn} got ${described(module)}, wanted a LightningModule.`, {
      hint: 'Put layers into a class that extends LightningModule, and pass an instance of it.',
    });
  }
  const known: readonly string[] = optionsOf[fn];
  const wanted = `{ ${known.join(', ')} }`;
  if (typeof options !== 'object' || options === null || !isPlain(options)) {
    throw new PLError('PL5032', `${fn} got ${described(options)} as its second argument, wanted ${wanted}.`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new PLError('PL5032', `${fn} has no option '${unknown}'.${didYouMean(unknown, known)}`, {
      hint: `It takes ${wanted}.`,
    });
  }
  checkData(fn, options);
}

function checkData(fn: TrainerFn, options: Readonly<Record<string, unknown>>): void {
  const { datamodule } = options;
  if (datamodule === undefined) return;
  if (!(datamodule instanceof LightningDataModule)) {
    throw new PLError('PL5032', `${fn} got ${described(datamodule)} as datamodule.`, {
      hint: 'Wanted an instance of a class that extends LightningDataModule.',
    });
  }
  const loaders = Object.keys(options).find(
    (name) => /dataloaders?$/i.test(name) && options[name] !== undefined,
  );
  if (loaders === undefined) return;
  throw new PLError('PL5032', `${fn} got both datamodule and ${loaders}.`, {
    hint: 'Both give the data: leave one of them out.',
  });
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function described(value: unknown): string {
  if (typeof value === 'function')
    return value.name === '' ? 'a function' : `the class or function ${value.name}`;
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'record'}`;
  return String(value);
}
