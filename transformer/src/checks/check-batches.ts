import type { Node, Type } from 'ts-morph';
import { BatchMismatch } from '../diagnostics/batch-mismatch.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import { hookSignature, parameterType } from '../hook-types.js';
import { programClasses } from '../program-classes.js';
import { awaited } from '../types/promise.js';
import { typeText } from '../types/text.js';
import type { Check } from './check.js';

const pairs = [
  ['train_dataloader', 'training_step'],
  ['val_dataloader', 'validation_step'],
  ['test_dataloader', 'test_step'],
  ['predict_dataloader', 'predict_step'],
] as const;

/** Hooks that may make another batch out of the loader's. */
const transfers = ['on_before_batch_transfer', 'transfer_batch_to_device', 'on_after_batch_transfer'];

/** The batches of the program's data are those that the steps of its module take. */
export const checkBatches: Check = (analysis) => {
  const { module, data } = programClasses(analysis);
  if (module === undefined || transfers.some((hook) => module.hooks.has(hook) || data?.hooks.has(hook)))
    return [];
  const place = analysis.mainCalls[0]?.data;
  return pairs.flatMap(([loader, step]) => {
    const owner = data?.hooks.has(loader) ? data : module;
    return compare(owner, loader, module, step, place, analysis.runtime) ?? [];
  });
};

function compare(
  owner: LightningClass,
  loader: string,
  module: LightningClass,
  step: string,
  place: Node | undefined,
  runtime: RuntimeSymbols,
): Diagnostic | undefined {
  const loaders = hookSignature(owner, loader)?.getReturnType();
  const stepSignature = hookSignature(module, step);
  const taken = stepSignature && parameterType(stepSignature, 0, module);
  if (loaders === undefined || taken === undefined) return undefined;
  const given = batchTypes(loaders, runtime).find((batch) => !batch.isAssignableTo(taken));
  if (given === undefined) return undefined;
  const at = place ?? module.declaration;
  return new BatchMismatch(
    place ?? module.declaration.getInstanceMethodOrThrow(module.hooks.get(step)!),
    `${owner.name}.${owner.hooks.get(loader)}`,
    typeText(given, at),
    `${module.name}.${module.hooks.get(step)}`,
    typeText(taken, at),
    difference(given, taken, at),
  );
}

/** The batches of a loader, of several, or of a promise of them. */
function batchTypes(loaders: Type, runtime: RuntimeSymbols): Type[] {
  return awaited(loaders).flatMap((type) => {
    const element = type.getArrayElementType();
    if (element !== undefined) return batchTypes(element, runtime);
    if (type.isTuple()) return type.getTupleElements().flatMap((member) => batchTypes(member, runtime));
    const symbol = type.getSymbol();
    const isLoader = symbol !== undefined && runtime.nameOfSymbol(symbol) === 'DataLoader';
    // Of what is unknown nothing can be said: often it comes from an error of plain TypeScript.
    return isLoader
      ? type
          .getTypeArguments()
          .slice(0, 1)
          .filter((batch) => !batch.isUnknown())
      : [];
  });
}

/** `: 'labels' is missing`, for the first property that does not fit. */
function difference(given: Type, taken: Type, place: Node): string {
  if (!given.isObject() || !taken.isObject()) return '';
  for (const property of taken.getProperties()) {
    const name = property.getName();
    const own = given.getProperty(name);
    if (own === undefined) {
      if (property.isOptional()) continue;
      return `: '${name}' is missing`;
    }
    const wanted = property.getTypeAtLocation(place);
    const type = own.getTypeAtLocation(place);
    if (!type.isAssignableTo(wanted))
      return `: '${name}' is ${typeText(type, place)}, not ${typeText(wanted, place)}`;
  }
  return '';
}
