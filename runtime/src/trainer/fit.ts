import { PLError } from '../errors/pl-error.js';
import type { EvaluationLoader } from '../loops/evaluation-run.js';
import { fitLoop } from '../loops/fit-loop.js';
import { FitRun } from '../loops/fit-run.js';
import { LRSchedules } from '../loops/lr-schedules.js';
import { ManualOptimization } from '../loops/manual-optimization.js';
import { resumedProgress } from '../loops/progress.js';
import { compiledOf } from '../module/compiled.js';
import { normalizeOptimizers, type OptimizersInForce } from '../optim/lr-schedulers/config.js';
import { NoOptimizer } from '../optim/no-optimizer.js';
import { type CheckpointSource, restoreTraining } from './checkpointing.js';
import { evaluate } from './evaluate.js';
import { FitData } from './fit-data.js';
import type { Session } from './session.js';
import { warnOfSparseLogs } from './sparse-logs.js';
import { manualOptimizationProblems } from './validate-options.js';

/** The part of `fit` between setup and teardown: optimizer, sanity check, the training loop. */
export async function fit(
  session: Session,
  source: CheckpointSource | undefined,
  onRun: (run: FitRun) => void,
): Promise<void> {
  const { module, hooks, callbacks, state, trainer, config } = session;
  const data = new FitData(session);
  session.fitData = data;
  const configured = configureOptimizers(session);
  const { optimizers, lrSchedulers } = configured;
  for (const optimizer of optimizers) session.precision.checkOptimizer(optimizer);
  session.precision.convert(module.parameters());
  module.zeroGrad();
  session.strategy.syncModule(module);
  session.strategy.prepareOptimizers(optimizers);
  const resumed = source && restoreTraining(configured, session, source);
  trainer.optimizers = optimizers;
  trainer.lrSchedulerConfigs = lrSchedulers;
  const manual = module.automaticOptimization
    ? undefined
    : new ManualOptimization(session, hooks, optimizers, () => {
        session.progress.globalStep++;
      });
  trainer.manualOptimization = manual;

  await callbacks.call('on_fit_start', []);
  await hooks.on_fit_start?.();
  session.describeRun();
  // Up to the first epoch the state is that of the checkpoint.
  if (resumed) session.progress = { ...resumed.progress };
  const { epoch: firstEpoch } = resumedProgress(session.progress);

  const validates = validationApplies(session);
  trainer.validates = validates;
  const inMidEpoch = resumed?.epoch?.open === true;
  if (validates && config.numSanityValSteps !== 0 && !inMidEpoch) {
    await sanityCheck(session, () => data.validation(firstEpoch));
  }
  await data.loadTraining(firstEpoch, inMidEpoch ? undefined : resumed?.epoch?.loader);
  warnOfSparseLogs(trainer);
  if (validates && !data.hasValidation) {
    state.stage = 'validate';
    await data.validation(firstEpoch);
    state.stage = 'train';
  }
  session.progress = resumedProgress(session.progress);

  const run = new FitRun(session, {
    model: module,
    optimizers,
    schedules: new LRSchedules(lrSchedulers, session),
    manual,
    progress: session.progress,
    openEpoch: (resumeFrom) => data.openEpoch(session.progress.epoch, resumeFrom),
    validate: validates
      ? async () =>
          void (await evaluate(session, 'validation', await data.validation(session.progress.epoch), {
            loggerStep: session.progress.logStep,
            onMeasured: () => {
              session.progress.validated = true;
            },
          }))
      : undefined,
    ...(inMidEpoch && { resumeFrom: resumed.epoch! }),
  });
  onRun(run);
  if (run.done || data.isEmpty) {
    await callbacks.call('on_fit_end', []);
    await hooks.on_fit_end?.();
    return;
  }
  module.training = true;
  const compiled = compiledOf(module.constructor)?.loops?.fit;
  if (compiled !== undefined) await compiled(run, module as never);
  else await fitLoop(run, hooks);
  await callbacks.call('on_fit_end', []);
  await hooks.on_fit_end?.();
}

/** Says which hook is missing that no fit can do without. */
export function requireTraining({ hooks, module }: Session): void {
  const name = module.constructor.name;
  if (hooks.training_step === undefined) {
    throw new PLError('PL5015', `${name} has no hook 'training_step'.`, {
      hint: 'Mark the method that computes the loss of one batch with @TrainingStep.',
    });
  }
  if (hooks.configure_optimizers === undefined) {
    throw new PLError('PL5015', `${name} has no hook 'configure_optimizers'.`, {
      hint: "Mark a method that returns an optimizer with @Hook('configure_optimizers').",
    });
  }
}

function configureOptimizers({ hooks, module, config, trainer }: Session): OptimizersInForce {
  const { automaticOptimization } = module;
  const configured = normalizeOptimizers(hooks.configure_optimizers!(), {
    automaticOptimization,
    warn: (line) => trainer.warn(line),
  });
  const { optimizers } = configured;
  if (automaticOptimization && optimizers.length > 1) {
    throw new PLError(
      'PL5016',
      `'configure_optimizers' returned ${optimizers.length} optimizers, but the trainer runs one by itself.`,
      {
        hint: 'Set `automaticOptimization = false` in the module and use this.optimizers() in the training step.',
      },
    );
  }
  if (!automaticOptimization) for (const problem of manualOptimizationProblems(config)) throw problem;
  if (optimizers.length === 0) {
    trainer.warn(
      `'configure_optimizers' of ${module.constructor.name} returned nothing: no weight will change.`,
    );
    return { ...configured, optimizers: [new NoOptimizer()] };
  }
  return configured;
}

function validationApplies(session: Session): boolean {
  return (
    session.hooks.validation_step !== undefined &&
    session.data.hasEvaluationData('validation') &&
    session.config.limitValBatches !== 0
  );
}

async function sanityCheck(
  session: Session,
  loaders: () => Promise<readonly EvaluationLoader<unknown>[]>,
): Promise<void> {
  const { state, callbacks, config, trainer } = session;
  const steps = config.numSanityValSteps === -1 ? Number.POSITIVE_INFINITY : config.numSanityValSteps;
  state.stage = 'sanity_check';
  await callbacks.call('on_sanity_check_start', []);
  const limited = (await loaders()).map((plan) => ({
    ...plan,
    limit: Math.min(steps, plan.limit ?? Number.POSITIVE_INFINITY),
  }));
  await evaluate(session, 'validation', limited, { loggerStep: undefined });
  await callbacks.call('on_sanity_check_end', []);
  trainer.metrics.clear();
  state.stage = 'train';
}
