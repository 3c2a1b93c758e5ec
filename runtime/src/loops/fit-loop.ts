import type { BoundHooks } from '../hooks/bind.js';
import type { FitRun } from './fit-run.js';

/**
 * The training loop. It runs as it stands for classes that were never compiled, and the compiler writes a project's
 * own loop from this source: `hooks.x?.()` disappears for hooks that a class lacks and becomes a direct call of its
 * method otherwise; `if (hooks.x)` keeps the branch that applies.
 */
export async function fitLoop<Batch>(run: FitRun<Batch>, hooks: BoundHooks<'module'>): Promise<void> {
  const { optimizer } = run;

  await run.trainStart();
  await hooks.on_train_start?.();

  while (await run.nextEpoch()) {
    if (run.startsEpoch) {
      await run.trainEpochStart();
      await hooks.on_train_epoch_start?.();
    }

    for (;;) {
      if (run.validationDue) {
        run.enterValidation();
        if (!run.accumulating) {
          if (hooks.on_validation_model_zero_grad) {
            await hooks.on_validation_model_zero_grad();
          } else {
            run.model.zeroGrad();
          }
        }
        await run.validate();
      }
      if (hooks.lr_scheduler_step) {
        for (const [scheduler, metric] of run.dueSchedulers('validation'))
          hooks.lr_scheduler_step(scheduler, metric);
      } else {
        run.stepSchedulers('validation');
      }

      const batch = await run.nextBatch();
      if (batch === undefined) break;
      const { batchIdx } = run;

      await run.trainBatchStart(batch);
      if ((await hooks.on_train_batch_start?.(batch, batchIdx)) === -1) {
        run.skipRestOfEpoch();
        break;
      }

      if (!run.automaticOptimization) {
        run.manualStep(() => hooks.training_step!(batch, batchIdx));
      } else {
        const forward = () => {
          const loss = run.loss(run.forward(() => hooks.training_step!(batch, batchIdx)));
          if (run.startsAccumulation) {
            run.beforeZeroGrad();
            hooks.on_before_zero_grad?.(optimizer);
            if (hooks.optimizer_zero_grad) {
              hooks.optimizer_zero_grad(run.currentEpoch, batchIdx, optimizer);
            } else {
              optimizer.zeroGrad();
            }
          }
          run.beforeBackward(loss);
          if (loss) hooks.on_before_backward?.(loss);
          return loss;
        };

        // The optimizer calls this.
        const closure = () => {
          const loss = hooks.backward
            ? run.backwardBy(forward, (loss, propagate) => hooks.backward!(loss, propagate))
            : run.backward(forward);
          run.afterBackward(loss);
          if (loss) hooks.on_after_backward?.();
          if (run.endsAccumulation) {
            run.beforeOptimizerStep();
            hooks.on_before_optimizer_step?.(optimizer);
            run.logGradNorms();
            if (hooks.configure_gradient_clipping) {
              hooks.configure_gradient_clipping(optimizer, run.gradientClipVal, run.gradientClipAlgorithm);
            } else {
              run.clipGradients();
            }
            run.holdBack();
          }
          return loss;
        };

        if (!run.endsAccumulation) {
          closure();
        } else if (hooks.optimizer_step) {
          hooks.optimizer_step(run.currentEpoch, batchIdx, optimizer, closure);
        } else {
          optimizer.step(closure);
        }
      }
      run.countStep();
      if (hooks.lr_scheduler_step) {
        for (const [scheduler, metric] of run.dueSchedulers('batch'))
          hooks.lr_scheduler_step(scheduler, metric);
      } else {
        run.stepSchedulers('batch');
      }

      await run.trainBatchEnd(batch);
      await hooks.on_train_batch_end?.(run.outputs, batch, batchIdx);
      if (hooks.training_epoch_end) run.keepOutputs();
      run.finishBatch();
    }

    if (hooks.training_epoch_end) {
      run.endBatches();
      await hooks.training_epoch_end(run.epochOutputs);
    }
    await run.trainEpochEnd();
    await hooks.on_train_epoch_end?.();
    run.logEpoch();
    if (hooks.lr_scheduler_step) {
      for (const [scheduler, metric] of run.dueSchedulers('epoch'))
        hooks.lr_scheduler_step(scheduler, metric);
    } else {
      run.stepSchedulers('epoch');
    }
    await run.finishEpoch();
  }

  await run.trainEnd();
  await hooks.on_train_end?.();
}
