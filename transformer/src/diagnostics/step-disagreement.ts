import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class StepDisagreement extends Diagnostic {
  static readonly code = 'PL1016';
  static readonly explanation =
    'The hooks around a step get the very batch that the step got, and what the step returned. One of them declares another type for it, so one of the two is wrong. Use the same type in both.';
  readonly code = StepDisagreement.code;

  constructor(node: Node, hook: string, parameter: string, declared: string, step: string, given: string) {
    super(placeOf(node), `${hook} takes ${parameter} of type ${declared}, but gets ${given} from ${step}.`);
  }
}
