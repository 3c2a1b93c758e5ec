import type { BoundEvaluationHooks } from '../hooks/bind.js';
import type { EvaluationRun } from './evaluation-run.js';

/**
 * One pass over the data of validation, test or prediction. The compiler writes a project's loops from this source,
 * one for each step that the class has, with the stage's name in place of `evaluation`.
 */
export async function evaluationLoop<Batch>(
  run: EvaluationRun<Batch>,
  hooks: BoundEvaluationHooks,
): Promise<void> {
  if (hooks.on_evaluation_model_eval) {
    await hooks.on_evaluation_model_eval();
  } else {
    run.model.training = false;
  }
  await run.start();
  await hooks.on_evaluation_start?.();
  await run.epochStart();
  await hooks.on_evaluation_epoch_start?.();

  for (let batch = await run.nextBatch(); batch !== undefined; batch = await run.nextBatch()) {
    const { batchIdx, dataloaderIdx } = run;
    await run.batchStart(batch);
    await hooks.on_evaluation_batch_start?.(batch, batchIdx, dataloaderIdx);
    const outputs = await run.forward(() => hooks.evaluation_step(batch, batchIdx, dataloaderIdx));
    await run.batchEnd(outputs, batch);
    await hooks.on_evaluation_batch_end?.(outputs, batch, batchIdx, dataloaderIdx);
    if (hooks.evaluation_epoch_end) run.keepOutputs(outputs);
    run.finishBatch();
  }

  if (hooks.evaluation_epoch_end) {
    run.endBatches();
    await hooks.evaluation_epoch_end(run.epochOutputs);
  }
  await run.epochEnd();
  await hooks.on_evaluation_epoch_end?.();
  run.logMetrics();
  await run.end();
  await hooks.on_evaluation_end?.();
  if (hooks.on_evaluation_model_train) {
    await hooks.on_evaluation_model_train();
  } else {
    run.model.training = run.wasTraining;
  }
}
