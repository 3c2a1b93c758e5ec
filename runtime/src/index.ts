export { type HostView, hostView, ownHostView } from './engines/host-memory.js';
export { type EngineName, type EngineOptions, type SelectedEngine, selectEngine } from './engines/select.js';
export * from './errors/pl-error.js';
export { Adam, type AdamOptions } from './optim/adam.js';
export { AdamW } from './optim/adamw.js';
export { backward } from './optim/backward.js';
export { accumulateGrad, clearGrads, gradOf, setGrad } from './optim/gradients.js';
export {
  Optimizer,
  type OptimizerDefinition,
  type OptimizerOptions,
  type OptimizerParams,
  type ParamGroup,
  type ParamGroupInit,
  type ParamScalars,
  type Values,
} from './optim/optimizer.js';
export type {
  OptimizerScalars,
  OptimizerStateDict,
  RestorableOptimizerState,
  TensorValues,
} from './optim/optimizer-state.js';
export { SGD, type SGDOptions } from './optim/sgd.js';
export { Generator } from './random/generator.js';
export {
  globalGenerator,
  type RngState,
  restoreRngState,
  rngState,
  seedEverything,
} from './random/seed-everything.js';
export * as tf from './tf.js';
