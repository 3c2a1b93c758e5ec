import { isShuffled } from '../data/data-loader.js';
import { PLError } from '../errors/pl-error.js';
import { bindEvaluationHooks } from '../hooks/bind.js';
import { stageHookName } from '../hooks/names.js';
import type { EvaluationStage } from '../hooks/signatures.js';
import { evaluationLoop } from '../loops/evaluation-loop.js';
import { type EvaluationLoader, EvaluationRun, type EvaluationRunOptions } from '../loops/evaluation-run.js';
import { compiledOf } from '../module/compiled.js';
import { batchLimit, limitedLength } from './batch-limit.js';
import { ownPart } from './distribute.js';
import type { Session } from './session.js';

const limitSetting = {
  validation: 'limitValBatches',
  test: 'limitTestBatches',
  predict: 'limitPredictBatches',
} as const;

/** The stage's data loaders with their limits. */
export async function evaluationLoaders(
  session: Session,
  stage: EvaluationStage,
): Promise<EvaluationLoader<unknown>[]> {
  const setting = limitSetting[stage];
  const loaders = await session.data.evaluationDataloaders(stage);
  if (loaders.some(isShuffled)) {
    session.warn(`The data of '${stage}' is shuffled; only training data needs to be. Leave shuffle out.`);
  }
  return loaders.map((whole, i) => {
    const loader = ownPart(session, whole, 'evaluation');
    const limit = limitedLength(loader, batchLimit(session.config, setting), setting);
    const transfer = session.data.transfer(i);
    return { loader, ...(limit !== undefined && { limit }), ...(transfer && { transfer }) };
  });
}

/** Whether the module has what a stage needs; says what is missing. */
export function requireStep(session: Session, stage: EvaluationStage): void {
  const step = stageHookName('evaluation_step', stage);
  if (session.hooks[step] !== undefined) return;
  throw new PLError('PL5015', `${session.module.constructor.name} has no hook '${step}'.`, {
    hint: `Mark the method that handles one batch with @Hook('${step}').`,
  });
}

/** As `evaluationLoaders`, where a call cannot do without. */
export async function requireLoaders(
  session: Session,
  stage: EvaluationStage,
): Promise<EvaluationLoader<unknown>[]> {
  const loaders = await evaluationLoaders(session, stage);
  if (loaders.length > 0) return loaders;
  const hook = `${stage === 'validation' ? 'val' : stage}_dataloader`;
  throw new PLError('PL5010', `there is no data for ${session.fn}: no hook gives it and none was passed.`, {
    hint: `Add the hook '${hook}', or pass dataloaders to ${session.fn}.`,
  });
}

/** Runs one pass over a stage's data, by the compiled loop where there is one. */
export async function evaluate(
  session: Session,
  stage: EvaluationStage,
  loaders: readonly EvaluationLoader<unknown>[],
  options: EvaluationRunOptions,
): Promise<EvaluationRun> {
  session.trainer.beginPass({
    loaders: loaders.map(({ loader }) => loader),
    batches: loaders.map(({ limit }) => limit ?? Number.POSITIVE_INFINITY),
  });
  const run = new EvaluationRun(stage, session.module, session, loaders, options);
  const compiled = compiledOf(session.module.constructor)?.loops?.[stage];
  try {
    if (compiled !== undefined) await compiled(run, session.module as never);
    else await evaluationLoop(run, bindEvaluationHooks(session.hooks, stage));
  } finally {
    await run.close();
  }
  return run;
}
