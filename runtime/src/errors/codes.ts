import { checkpointErrors } from './checkpoint-errors.js';
import { clusterErrors } from './cluster-errors.js';
import { configErrors } from './config-errors.js';
import { dataErrors } from './data-errors.js';
import { engineBuildErrors } from './engine-build-errors.js';
import { engineErrors } from './engine-errors.js';
import { fabricErrors } from './fabric-errors.js';
import { optimErrors } from './optim-errors.js';
import { precisionErrors } from './precision-errors.js';
import { strategyErrors } from './strategy-errors.js';
import { trainerErrors } from './trainer-errors.js';

/** What `pl explain` prints for a code: a paragraph that says when it happens and what to do. */
export type Explanations = Record<`PL${number}`, string>;

/** Every error of the runtime. PL1xxx are the compiler's diagnostics, beside the compiler. */
export const errorExplanations = {
  ...configErrors,
  ...checkpointErrors,
  ...dataErrors,
  ...trainerErrors,
  ...engineErrors,
  ...engineBuildErrors,
  ...optimErrors,
  ...clusterErrors,
  ...precisionErrors,
  ...strategyErrors,
  ...fabricErrors,
} satisfies Explanations;

export type ErrorCode = keyof typeof errorExplanations;
