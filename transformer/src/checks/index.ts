import type { Analysis } from '../analysis.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Check } from './check.js';
import { checkBatches } from './check-batches.js';
import { checkExports } from './check-exports.js';
import { checkFitCalls } from './check-fit-calls.js';
import { checkHiddenBases } from './check-hidden-bases.js';
import { checkHookNames } from './check-hook-names.js';
import { checkHookPlacement } from './check-hook-placement.js';
import { checkHparams } from './check-hparams.js';
import { checkLogging } from './check-logging.js';
import { checkLoss } from './check-loss.js';
import { checkMonitors } from './check-monitors.js';
import { checkOptions } from './check-options.js';
import { checkParameters } from './check-parameters.js';
import { checkProgram } from './check-program.js';
import { checkSchedulers } from './check-schedulers.js';
import { checkSignatures } from './check-signatures.js';
import { checkSteps } from './check-steps.js';
import { checkUndecorated } from './check-undecorated.js';

const checks: readonly Check[] = [
  checkHookNames,
  checkHookPlacement,
  checkSignatures,
  checkUndecorated,
  checkHparams,
  checkExports,
  checkHiddenBases,
  checkProgram,
  checkFitCalls,
  checkSteps,
  checkBatches,
  checkLoss,
  checkLogging,
  checkParameters,
  checkSchedulers,
  checkMonitors,
  checkOptions,
];

/** Everything that is wrong with a project, as far as its classes go. */
export function check(analysis: Analysis): Diagnostic[] {
  const { catalog } = analysis;
  return catalog === undefined ? [] : checks.flatMap((one) => one({ ...analysis, catalog }));
}
