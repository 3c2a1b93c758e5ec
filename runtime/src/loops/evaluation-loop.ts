import type { EvaluationHooks } from '../hooks/signatures.js';
import type { EvaluationRun } from './evaluation-run.js';

/** What the loop finds in `hooks`: a stage's hooks under the names `evaluation_step`, `on_evaluation_start`, …. */
export type BoundEvaluationHooks = Partial<EvaluationHooks> & Pick<EvaluationHooks, 'evaluation_step'>;

/**
 * One pass over the data of validation, test or prediction. The compiler writes a project's loops from this source,
 * one for each step that the class has, with the stage's name in place of `evaluation`.
 */
export async function evaluationLoop<Batch>(run: EvaluationRun<Batch>, hooks: BoundEvaluationHooks): Promise<void> {
  run.model.eval();
  await hooks.on_evaluation_model_eval?.();
  await run.start();
  await hooks.on_evaluation_start?.();
  await run.epochStart();
  await hooks.on_evaluation_epoch_start?.();

  for (let batch = await run.nextBatch(); batch !== undefined; batch = await run.nextBatch()) {
    const { batchIdx, dataloaderIdx } = run;
    await run.batchStart(batch);
    await hooks.on_evaluation_batch_start?.(batch, batchIdx, dataloaderIdx);
    const outputs = await hooks.evaluation_step(batch, batchIdx, dataloaderIdx);
    await run.batchEnd(outputs, batch);
    await hooks.on_evaluation_batch_end?.(outputs, batch, batchIdx, dataloaderIdx);
    run.finishBatch(outputs);
  }

  await run.epochEnd();
  await hooks.on_evaluation_epoch_end?.();
  run.logMetrics();
  await run.end();
  await hooks.on_evaluation_end?.();
  await hooks.on_evaluation_model_train?.();
  run.model.train();
}
