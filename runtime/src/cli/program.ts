import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Callback } from '../callbacks/callback.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import type { Origin } from '../config/origin.js';
import { PLError } from '../errors/pl-error.js';
import type { LightningDataModule } from '../module/lightning-data-module.js';
import type { LightningModule } from '../module/lightning-module.js';
import { seedEverything } from '../random/seed-everything.js';
import { overriddenCheckpointProblems } from '../trainer/callback-rules.js';
import {
  type CheckpointConfig,
  resolveTrainerConfig,
  type TrainerConfig,
  type TrainerOptions,
} from '../trainer/options.js';
import { switchedKinds } from '../trainer/run-parts.js';
import { Trainer } from '../trainer/trainer.js';
import type { CommandName } from './arguments.js';
import { type CheckpointPlaces, findCheckpoint, folders } from './find-checkpoint.js';
import { metricsTable } from './metrics-table.js';
import { SaveConfig } from './save-config.js';
import { writePredictions } from './write-predictions.js';

/** What every project's configuration has. */
export interface ProgramConfig {
  seed: number | null;
  trainer: TrainerConfig;
  checkpoint: CheckpointConfig;
  model?: object;
  data?: object;
}

export interface ProgramParts<Config extends ProgramConfig> {
  readonly config: Config;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly model: new (hparams: NonNullable<Config['model']>) => LightningModule;
  readonly data?: (new (hparams: NonNullable<Config['data']>) => LightningDataModule) | undefined;
  readonly callbacks: readonly Callback[];
  readonly logger?: TrainerOptions['logger'];
  /** A path, `best`, `last` or `none`. */
  readonly ckptPath?: string | undefined;
  /** Takes the lines that are the command's result. */
  readonly print: (text: string) => void;
}

/** Runs a command of the program: builds model, data and trainer from the configuration and prints what comes out. */
export async function runCommand<Config extends ProgramConfig>(
  command: CommandName,
  parts: ProgramParts<Config>,
): Promise<void> {
  const { config } = parts;
  const ckptPath = await checkpointFor(command, parts);
  if (config.seed !== null) seedEverything(config.seed);
  const trainer = createTrainer(parts);
  const print = trainer.isGlobalZero ? parts.print : () => undefined;
  await trainer.selectEngine();
  const module = new parts.model((config.model ?? {}) as NonNullable<Config['model']>);
  const datamodule = parts.data && new parts.data((config.data ?? {}) as NonNullable<Config['data']>);
  const options = { ...(datamodule && { datamodule }), ...(ckptPath !== undefined && { ckptPath }) };

  if (ckptPath !== undefined) print(`checkpoint: ${shown(ckptPath)}`);
  switch (command) {
    case 'fit':
      await trainer.fit(module, options);
      return printFitted(trainer, print);
    case 'validate':
      return print(metricsTable('validation', await trainer.validate(module, options)));
    case 'test':
      return print(metricsTable('test', await trainer.test(module, options)));
    case 'predict': {
      const predictions = await trainer.predict(module, options);
      const path = join(trainer.logDir, 'predictions.json');
      await writePredictions(path, predictions);
      return print(`predictions: ${shown(path)}`);
    }
  }
}

function createTrainer<Config extends ProgramConfig>(parts: ProgramParts<Config>): Trainer {
  const { config, logger, callbacks } = parts;
  return new Trainer({
    ...givenSettings(parts),
    ...(logger !== undefined && { logger }),
    callbacks: [new SaveConfig(config), ...callbacks, ...checkpointCallback(parts)],
  });
}

/** What nobody asked for is nothing that `barebones` would contradict. */
function givenSettings<Config extends ProgramConfig>({
  config,
  origins,
}: ProgramParts<Config>): TrainerConfig {
  if (!config.trainer.barebones) return config.trainer;
  return Object.fromEntries(
    Object.entries(config.trainer).filter(([name]) => origins.get(`trainer.${name}`)?.kind !== 'default'),
  );
}

/** ModelCheckpoint with the settings of the group `checkpoint`, unless the program brings its own. */
function checkpointCallback<Config extends ProgramConfig>(parts: ProgramParts<Config>): Callback[] {
  const { config, callbacks, origins } = parts;
  if (!callbacks.some((callback) => callback instanceof ModelCheckpoint)) {
    const { enableCheckpointing } = resolveTrainerConfig(config.trainer);
    return enableCheckpointing ? [new ModelCheckpoint(config.checkpoint)] : [];
  }
  const given = [...origins].filter(
    ([path, { kind }]) => path.startsWith('checkpoint.') && kind !== 'default',
  );
  const names = given.map(([path]) => path);
  for (const problem of overriddenCheckpointProblems(switchedKinds(callbacks), names)) throw problem;
  return [];
}

async function checkpointFor<Config extends ProgramConfig>(
  command: CommandName,
  { config, ckptPath }: ProgramParts<Config>,
): Promise<string | undefined> {
  const wanted = ckptPath ?? (command === 'fit' ? 'none' : 'best');
  if (wanted === 'none') return undefined;
  if (wanted !== 'best' && wanted !== 'last') {
    if (!existsSync(wanted)) await readCheckpoint(wanted); // says so before anything is written
    return wanted;
  }
  const places: CheckpointPlaces = {
    rootDir: config.trainer.defaultRootDir ?? '.',
    dirpath: config.checkpoint.dirpath ?? null,
  };
  const found = await findCheckpoint(wanted, places);
  if (found !== undefined) return found;
  const [folder = join(places.rootDir, 'lightning_logs')] = folders(places);
  const hint =
    command === 'fit'
      ? 'Leave out --ckpt-path to start anew, or give a file.'
      : 'Train first (fit), give a file with --ckpt-path, or pass --ckpt-path none for the untrained model.';
  throw new PLError('PL2011', `there is no checkpoint yet in ${shown(folder)}.`, { hint });
}

function printFitted(trainer: Trainer, print: (text: string) => void): void {
  const best = trainer.checkpointCallback?.bestModelPath;
  if (best) print(`best checkpoint: ${shown(best)}`);
  if (trainer.logger?.logDir !== undefined) print(`logs: ${shown(trainer.logger.logDir)}`);
}

function shown(path: string): string {
  const short = relative('', path);
  return short === '' || short.startsWith('..') ? path : short;
}
