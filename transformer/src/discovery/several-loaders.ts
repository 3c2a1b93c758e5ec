import type { Type } from 'ts-morph';
import { awaited } from '../types/promise.js';
import { type LightningClass, methodType } from './lightning-class.js';

/**
 * Whether validation or test may run over several data loaders: then the metrics of each carry its number, as in
 * `val_loss/dataloader_idx_1`.
 */
export function hasSeveralLoaders(classes: readonly LightningClass[]): boolean {
  return classes.some((owner) =>
    ['val_dataloader', 'test_dataloader'].some((hook) => {
      const method = owner.hooks.get(hook);
      const signature = method === undefined ? undefined : methodType(owner, method)?.getCallSignatures()[0];
      return signature !== undefined && awaited(signature.getReturnType()).some(isList);
    }),
  );
}

function isList(type: Type): boolean {
  return type.isTuple() ? type.getTupleElements().length > 1 : type.isArray() || type.isReadonlyArray();
}
