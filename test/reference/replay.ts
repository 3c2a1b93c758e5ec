import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  hookNames,
  type LightningModule,
  type ModelCheckpointOptions,
  type ModuleHooks,
} from '@pl-ts/runtime';
import { type Intervention, Recording, type RecordingOptions } from './recording.js';
import { type Scenario, trainerConfig } from './scenario.js';

export type ModuleHook = keyof ModuleHooks;

const stopAt =
  (wanted: string, name: string, inEpoch: number, batchIdx?: number): Intervention =>
  ({ source, hook, numbers, stage, epoch }, trainer) => {
    if (source !== 'callback' || hook !== name || stage !== wanted || epoch !== inEpoch) return;
    if (batchIdx === undefined || numbers[0] === batchIdx) trainer.shouldStop = true;
  };

const at =
  (wantedSource: string, name: string, batchIdx: number, act: () => unknown): Intervention =>
  ({ source, hook, numbers }) =>
    source === wantedSource && hook === name && numbers[0] === batchIdx ? act() : undefined;

const fail = () => {
  throw new Error('boom in validation_step');
};

/** What the notes of some scenarios say is done while they run. */
const interventions: Record<string, Intervention> = {
  fit_batch_start_minus1: at('callback', 'on_train_batch_start', 2, () => -1),
  fit_batch_start_minus1_module: at('module', 'on_train_batch_start', 2, () => -1),
  fit_exception_validation_step: at('module', 'validation_step', 0, fail),
  fit_exception_validation_step_epoch_0: at('module', 'validation_step', 0, fail),
  fit_should_stop_mid_epoch: stopAt('fit/train', 'on_train_batch_end', 0, 1),
  fit_should_stop_min_epochs_2: stopAt('fit/train', 'on_train_batch_end', 0, 0),
  fit_stop_in_validation: stopAt('fit/validate', 'on_validation_end', 0),
};

export const dataHooks = /_dataloader$|batch_transfer$|^transfer_batch_to_device$/;
// Hooks of ours that take no part in these records: one that Lightning calls only where it is there, those of Lightning 1.9, and some that the
// recorded class did not have.
const notRecorded = /_model_train$|^(training|validation|test)_epoch_end$|^configure_model$|^prepare_data$/;

/** The hooks of the module that was recorded. */
export function recordedHooks(name: string, scenario: Scenario): ModuleHook[] {
  return hookNames.module.filter(
    (hook) =>
      !notRecorded.test(hook) &&
      (givesData(name, scenario) || !dataHooks.test(hook)) &&
      (name !== 'fit_no_validation_step' || hook !== 'validation_step'),
  );
}

const givesData = (name: string, scenario: Scenario) =>
  scenario.own_dataloaders_on_module || name === 'fit_no_validation_step';

/** Python's text of a dictionary as options of ours. */
function optionsFrom(text: string): ModelCheckpointOptions {
  const json = text.replaceAll("'", '"').replaceAll('True', 'true').replaceAll('False', 'false');
  return trainerConfig({ trainer: JSON.parse(json) }) as ModelCheckpointOptions;
}

/** The checkpoint that a scenario starts from, made as its note says. */
async function checkpointOf(scenario: Scenario, hooks: readonly ModuleHook[]): Promise<string> {
  const [, given, file] =
    /ModelCheckpoint\((\{.*\}), save_top_k=-1\).*resumed from (\S+) /.exec(scenario.note ?? '') ?? [];
  const resumes = given !== undefined && file !== undefined;
  const checkpoints = (recording: Recording) =>
    recording.modelCheckpoint({ saveTopK: -1, ...optionsFrom(given!) });
  const first = new Recording({
    config: { maxEpochs: resumes ? 2 : 1, enableCheckpointing: resumes },
    data: scenario.data,
    hooks,
    callbacks: (recording) => [recording.callback('callback'), ...(resumes ? [checkpoints(recording)] : [])],
  });
  await first.trainer.fit(first.model, { datamodule: first.datamodule! });
  if (resumes) return join(first.trainer.checkpointCallback!.dirpath!, file);
  const path = join(first.trainer.config.defaultRootDir, 'first.ckpt');
  await first.trainer.saveCheckpoint(path);
  return path;
}

type Call = (recording: Recording, checkpoint: string | undefined) => Promise<unknown>;

const runs =
  (fn: 'fit' | 'validate' | 'test' | 'predict', own?: 'best'): Call =>
  ({ trainer, model, datamodule }, checkpoint) => {
    const ckptPath = own ?? checkpoint;
    return trainer[fn](model, { ...(datamodule && { datamodule }), ...(ckptPath && { ckptPath }) });
  };

const calls: Record<string, Call> = {
  fit: runs('fit'),
  validate: runs('validate'),
  test: runs('test'),
  predict: runs('predict'),
  'fit(ckpt_path)': runs('fit'),
  'validate(ckpt_path)': runs('validate'),
  'test(ckpt_path)': runs('test'),
  'predict(ckpt_path)': runs('predict'),
  "test(ckpt_path='best')": runs('test', 'best'),
  save_checkpoint: ({ trainer }) =>
    trainer.saveCheckpoint(join(mkdtempSync(join(tmpdir(), 'hook-order-')), 'saved.ckpt')),
  load_from_checkpoint: ({ model }, checkpoint) =>
    (model.constructor as typeof LightningModule & (new () => LightningModule)).loadFromCheckpoint(
      checkpoint!,
    ),
};

/** A recording of a module with the given hooks, made as the scenario says. */
export function newRecording(name: string, scenario: Scenario, hooks: readonly ModuleHook[]): Recording {
  const callbacks: RecordingOptions['callbacks'] = (recording) => {
    if (name === 'fit_callback_order') {
      return [
        recording.modelCheckpoint(),
        recording.callback('A'),
        recording.earlyStopping('val_loss'),
        recording.callback('B'),
      ];
    }
    const saves = scenario.trainer.enable_checkpointing === true;
    return [recording.callback('callback'), ...(saves ? [recording.modelCheckpoint()] : [])];
  };
  return new Recording({
    config: trainerConfig(scenario),
    data: scenario.data,
    hooks,
    callbacks,
    intervene: interventions[name],
    withDataModule: !givesData(name, scenario),
  });
}

/** Makes the calls of a scenario. */
export async function replay(
  scenario: Scenario,
  recording: Recording,
  hooks: readonly ModuleHook[],
): Promise<void> {
  const startsFromCheckpoint = scenario.call.some((call) => /\(ckpt_path\)|^load/.test(call));
  const checkpoint = startsFromCheckpoint ? await checkpointOf(scenario, hooks) : undefined;
  for (const call of scenario.call) await calls[call]!(recording, checkpoint);
}
