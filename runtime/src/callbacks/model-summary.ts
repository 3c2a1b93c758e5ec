import { Hook } from '../hooks/decorators.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { Trainer } from '../trainer/trainer.js';
import { announce } from './announce.js';
import { Callback } from './callback.js';

/** Prints the number of parameters before training. */
export class ModelSummary extends Callback {
  @Hook('on_fit_start')
  printSummary(_trainer: Trainer, module: LightningModule): void {
    const count = module.parameters().reduce((sum, v) => sum + v.size, 0);
    announce(`${module.constructor.name}: ${count} trainable parameters`);
  }
}
