import {
  LBFGS,
  LightningModule,
  type LRScheduler,
  type ModuleHooks,
  type OptimizerHandle,
  ReduceLROnPlateau,
  SGD,
  StepLR,
  tf,
} from '@pl-ts/runtime';
import { dataHooks } from './recorded-data.js';
import { type Methods, type RecordCall, recorded } from './recording.js';
import type { ScenarioData } from './scenario.js';

/** What the methods of the hooks see of the model. */
interface Linear extends LightningModule {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable;
  loss(x: tf.Tensor2D): tf.Scalar;
}

/** `Linear(2, 1)` with weight 0.25 and bias 0, loss mean((y - 1)²), SGD with lr 0.01. */
export function recordedModel(
  hooks: readonly (keyof ModuleHooks)[],
  data: ScenarioData,
  record: RecordCall,
): LightningModule {
  const Model = linear(data, record);
  return new (recorded(Model, 'module', record, hooks, {
    ...dataHooks(data, record),
    ...hookMethods(data, record),
  }))();
}

function linear(data: ScenarioData, record: RecordCall): new () => Linear {
  return class extends LightningModule implements Linear {
    readonly weight = tf.variable(tf.tensor2d([[0.25], [0.25]]));
    readonly bias = tf.variable(tf.tensor1d([0]));
    override readonly automaticOptimization = data.manual !== true;

    loss(x: tf.Tensor2D): tf.Scalar {
      record('module', 'forward', []);
      return x
        .matMul(this.weight as tf.Tensor2D)
        .add(this.bias)
        .sub(1)
        .square()
        .mean();
    }

    override zeroGrad(): void {
      if (this.trainer.state.stage === 'validate') record('module', 'zero_grad', []);
      super.zeroGrad();
    }

    override clipGradients(...args: Parameters<LightningModule['clipGradients']>): void {
      record('module', 'clip_gradients', []);
      super.clipGradients(...args);
    }

    override toggleOptimizer(optimizer: OptimizerHandle): void {
      record('module', 'toggle_optimizer', []);
      super.toggleOptimizer(optimizer);
    }

    override untoggleOptimizer(): void {
      record('module', 'untoggle_optimizer', []);
      super.untoggleOptimizer();
    }

    override manualBackward(loss: tf.Scalar): void {
      record('module', 'manual_backward', [], () => super.manualBackward(loss));
    }
  };
}

function hookMethods(data: ScenarioData, record: RecordCall): Methods {
  // Clearing the gradients outside of the step is no event of the reference.
  let quiet = true;
  const aloud = (act: () => void) => {
    quiet = false;
    act();
    quiet = true;
  };
  class RecordedSGD extends SGD {
    override zeroGrad(): void {
      if (!quiet) record('optimizer', 'zero_grad', []);
      super.zeroGrad();
    }
    override step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined {
      return record('optimizer', 'step', [], () =>
        super.step(closure && (() => record('optimizer', 'closure', [], closure) as T)),
      ) as T | undefined;
    }
  }
  const newSGD = (params: tf.Variable[]) => new RecordedSGD(params, { lr: 0.01 });

  function evaluate(this: Linear, x: tf.Tensor2D) {
    return this.loss(x);
  }
  function optimizeByHand(model: Linear, x: tf.Tensor2D): void {
    for (const optimizer of model.optimizers() as OptimizerHandle[]) {
      model.toggleOptimizer(optimizer);
      const loss = model.loss(x);
      aloud(() => optimizer.zeroGrad());
      model.manualBackward(loss);
      optimizer.step();
      model.untoggleOptimizer();
    }
  }
  function leaveTraining(this: Linear) {
    this.training = false;
  }
  return {
    training_step(this: Linear, x: tf.Tensor2D, batchIdx: number) {
      if (data.manual) return optimizeByHand(this, x);
      const [epoch, batch] = data.raise_at ?? [];
      if (epoch === this.currentEpoch && batch === batchIdx) raise(data);
      if (data.none_at?.includes(batchIdx)) return undefined;
      const loss = this.loss(x);
      if (data.log) this.log('train_loss', loss);
      return data.dict_loss ? { loss } : loss;
    },
    validation_step(this: Linear, x: tf.Tensor2D) {
      const loss = this.loss(x);
      if (data.log) this.log('val_loss', loss);
      return loss;
    },
    test_step: evaluate,
    predict_step: evaluate,
    on_validation_model_zero_grad(this: Linear) {
      this.zeroGrad();
    },
    on_validation_model_eval: leaveTraining,
    on_test_model_eval: leaveTraining,
    on_predict_model_eval: leaveTraining,
    configure_callbacks: () => [],
    configure_optimizers(this: Linear) {
      if (data.manual) return [newSGD([this.weight]), newSGD([this.bias])];
      if (data.optimizer === 'none') return undefined;
      if (data.optimizer === 'lbfgs') return new LBFGS(this.parameters(), { lr: 0.01, maxIter: 3 });
      const optimizer = newSGD(this.parameters());
      const frequency = data.sched_freq ?? 1;
      const step = (interval: 'step' | 'epoch') => ({
        scheduler: new StepLR(optimizer, { stepSize: 1 }),
        interval,
        frequency,
      });
      if (data.sched_both) return [[optimizer], [step('step'), step('epoch')]];
      if (data.sched) return { optimizer, lrScheduler: step(data.sched) };
      const interval = data.sched_plateau;
      if (interval === undefined) return optimizer;
      return {
        optimizer,
        lrScheduler: { scheduler: new ReduceLROnPlateau(optimizer), interval, monitor: 'val_loss' },
      };
    },
    backward: (loss: tf.Scalar, propagate: (loss: tf.Scalar) => void) => propagate(loss),
    configure_gradient_clipping(
      this: Linear,
      ...[optimizer, limit, algorithm]: Parameters<ModuleHooks['configure_gradient_clipping']>
    ) {
      this.clipGradients(optimizer, limit, algorithm);
    },
    lr_scheduler_step(scheduler: LRScheduler, metric: number | undefined) {
      scheduler.step(metric);
    },
    optimizer_step(_epoch: number, _batch: number, optimizer: SGD, closure: () => tf.Scalar) {
      optimizer.step(closure);
    },
    optimizer_zero_grad(_epoch: number, _batch: number, optimizer: SGD) {
      aloud(() => optimizer.zeroGrad());
    },
  };
}

function raise({ exc }: ScenarioData): void {
  if (exc === undefined) throw new Error('boom');
  // Python's KeyboardInterrupt is what Ctrl-C comes to there.
  process.emit('SIGINT', 'SIGINT');
}
