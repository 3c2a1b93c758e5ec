/**
 * The rules of a run that hold before it begins, for the compiler to apply the very same. Nothing here loads tensors or
 * engines.
 */
export { resolveModelCheckpointOptions } from './callbacks/model-checkpoint-options.js';
export { namedSettings } from './config/named-settings.js';
export { PLError } from './errors/pl-error.js';
export { type LogLevels, levelsOf, nothingMeasured, resolveLevels } from './loops/log-levels.js';
export {
  callbackProblems,
  overriddenCheckpointProblems,
  type SwitchedCallback,
  switchedCallbacks,
} from './trainer/callback-rules.js';
export { optionProblems } from './trainer/check-options.js';
export { resolveTrainerConfig } from './trainer/options.js';
export { manualOptimizationProblems } from './trainer/validate-options.js';
