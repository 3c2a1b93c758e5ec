import { type MethodDeclaration, Node, type Type } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { didYouMean } from '../diagnostics/did-you-mean.js';
import { StepWithoutLoss } from '../diagnostics/step-without-loss.js';
import { loopFacts } from '../emit/loop-facts.js';
import { waitingFor } from '../types/promise.js';
import { typeText } from '../types/text.js';
import type { Check } from './check.js';

/** A training step returns a loss, a record with one, or nothing; one that optimizes itself, any record. */
export const checkLoss: Check = ({ classes, catalog }) => {
  const wanted = catalog.type('module', 'training_step')?.getCallSignatures()[0]?.getReturnType();
  if (wanted === undefined) return [];
  return classes
    .filter(({ kind }) => kind === 'module')
    .flatMap((module) => {
      const manual = loopFacts(module).automaticOptimization === false;
      const fits = (type: Type) => type.isAssignableTo(wanted) || (manual && isRecordWithoutLoss(type));
      return module.ownHooks.flatMap(({ hook, member }) =>
        hook === 'training_step' && Node.isMethodDeclaration(member) ? (misfit(member, fits) ?? []) : [],
      );
    });
};

function misfit(method: MethodDeclaration, fits: (type: Type) => boolean): Diagnostic | undefined {
  const returned = method.getReturnType();
  // That it returns a promise is said already.
  if (waitingFor(returned) === 'always') return undefined;
  const members = returned.isUnion() ? returned.getUnionTypes() : [returned];
  const wrong = members.find((member) => !fits(member));
  if (wrong === undefined) return undefined;
  return new StepWithoutLoss(method.getNameNode(), method.getName(), described(wrong, method));
}

function described(type: Type, place: Node): string {
  const text = typeText(type, place);
  if (type.isNumber() || type.isNumberLiteral()) {
    return `${text}, which has no gradient: return the tensor itself.`;
  }
  if (isTensor(type)) {
    const [rank] = type.getTypeArguments();
    return rank === undefined || rank.isUnion()
      ? `${text}, which may have any shape: where it is one number, say so with 'as tf.Scalar'.`
      : `${text}, which is not one number: reduce it, for example with tf.mean.`;
  }
  if (!isRecord(type)) {
    return `${text}; wanted the loss as a scalar tensor, a record with it as 'loss', or nothing.`;
  }
  const loss = type.getProperty('loss');
  if (loss !== undefined)
    return `a record whose 'loss' is ${described(loss.getTypeAtLocation(place), place)}`;
  const names = type.getProperties().map((property) => property.getName());
  const near = names.find((name) => didYouMean(name.toLowerCase(), ['loss']) !== '');
  const advice =
    near === undefined ? 'return the loss in it under that name.' : `'${near}' has to be called 'loss'.`;
  return `${text}, a record without 'loss': ${advice}`;
}

const isRecordWithoutLoss = (type: Type) =>
  isRecord(type) && !isTensor(type) && type.getProperty('loss') === undefined;

function isRecord(type: Type): boolean {
  return type.isObject() && !type.isArray() && !type.isTuple() && type.getCallSignatures().length === 0;
}

function isTensor(type: Type): boolean {
  return ['Tensor', 'Variable'].includes(type.getSymbol()?.getName() ?? '');
}
