export * from './errors/pl-error.js';
export { backward } from './optim/backward.js';
export { accumulateGrad, clearGrads, gradOf, setGrad } from './optim/gradients.js';
export { Generator } from './random/generator.js';
export {
  globalGenerator,
  type RngState,
  restoreRngState,
  rngState,
  seedEverything,
} from './random/seed-everything.js';
export * as tf from './tf.js';
