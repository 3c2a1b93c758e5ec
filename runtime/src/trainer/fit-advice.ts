import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { encodeJson } from '../checkpoint/json.js';
import { PLError } from '../errors/pl-error.js';
import type { LightningDataModule } from '../module/lightning-data-module.js';
import type { LightningModule } from '../module/lightning-module.js';
import { savedHparams } from './checkpointing.js';
import type { Session } from './session.js';

/**
 * What can be said of a fit before it does anything.
 *
 * @throws PLError PL5035 for hyper-parameters that its checkpoints could not hold
 */
export function adviseOnFit(session: Session): void {
  const { trainer, module, hooks, data, config, callbacks } = session;
  if (callbacks.callbacks.some((callback) => callback instanceof ModelCheckpoint)) {
    checkHparams(module);
    checkHparams(data.datamodule);
  }
  const { maxEpochs, maxSteps, maxTime } = config;
  if (maxEpochs === null && maxSteps === -1 && maxTime === null) {
    trainer.warn('trainer.maxEpochs is not set: training ends after 1000 epochs. -1 trains without end.');
  }
  const name = module.constructor.name;
  const hasStep = hooks.validation_step !== undefined;
  const hasData = data.hasEvaluationData('validation');
  if (hasStep && !hasData) {
    trainer.warn(
      `${name} has the hook 'validation_step', but there is no data for it: nothing is validated.`,
    );
  }
  if (hasData && !hasStep) {
    trainer.warn(
      `There is validation data, but ${name} has no hook 'validation_step': nothing is validated.`,
    );
  }
}

function checkHparams(owner: LightningModule | LightningDataModule | undefined): void {
  for (const [name, value] of owner === undefined ? [] : Object.entries(savedHparams(owner))) {
    try {
      encodeJson(value, name);
    } catch (cause) {
      const { message } = cause as Error;
      throw new PLError('PL5035', `${message}, in the hyper-parameters of ${owner!.constructor.name}.`, {
        hint: `Leave it out of them with @Hparams({ ignore: ['${name}'] }), or give the settings that it is made from.`,
        cause,
      });
    }
  }
}
