import { assignState } from '../checkpoint/assign-state.js';
import { type Checkpoint, readCheckpoint } from '../checkpoint/checkpoint.js';
import { bindHooks } from '../hooks/bind.js';
import { boundHooks } from './compiled.js';
import type { LightningDataModule } from './lightning-data-module.js';
import type { LightningModule } from './lightning-module.js';

/** What `on_save_checkpoint` and the trainer add to a checkpoint for a data module. */
export interface DataModuleState {
  datamodule?: Record<string, unknown>;
  datamodule_hyper_parameters?: Record<string, unknown>;
}

type Class<Instance> = new (hparams: never) => Instance;

/** Builds a module with the hyper-parameters of a checkpoint and gives it its weights. */
export async function moduleFromCheckpoint<Module extends LightningModule>(
  target: Class<Module>,
  path: string,
  hparams: object,
  options: { strict?: boolean },
): Promise<Module> {
  const checkpoint = await readCheckpoint(path);
  const module = new target({ ...checkpoint.hyperParameters, ...hparams } as never);
  const hooks = boundHooks(module);
  await hooks.configure_model?.();
  await hooks.on_load_checkpoint?.(checkpoint);
  assignState(module.stateDict(), checkpoint, path, options);
  return module;
}

/** Builds a data module with the settings and the state of a checkpoint. */
export async function dataModuleFromCheckpoint<Data extends LightningDataModule>(
  target: Class<Data>,
  path: string,
  hparams: object,
): Promise<Data> {
  const { extra }: Checkpoint = await readCheckpoint(path);
  const { datamodule, datamodule_hyper_parameters }: DataModuleState = extra ?? {};
  const data = new target({ ...datamodule_hyper_parameters, ...hparams } as never);
  if (datamodule !== undefined) bindHooks<'data'>(data).load_state_dict?.(datamodule);
  return data;
}
