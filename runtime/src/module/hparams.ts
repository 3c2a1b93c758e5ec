import { compiledOf } from './compiled.js';

/** Validates a class's hyper-parameters and fills in defaults, where the compiler registered how. */
export function completeHparams(target: object, hparams: object = {}): object {
  const validate = compiledOf(target)?.validateHparams;
  return validate === undefined ? { ...hparams } : validate(hparams);
}
