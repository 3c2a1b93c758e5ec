import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class AsynchronousHook extends Diagnostic {
  static readonly code = 'PL1004';
  static readonly explanation =
    'The hook runs between the forward and the backward pass, or where its result is needed at once, and nobody can wait for it there: what follows an await would run after the optimizer has stepped, and no gradient would flow through it. Make the method synchronous, and move what has to wait to a hook that is awaited, such as on_train_batch_start, on_train_batch_end or setup.';
  readonly code = AsynchronousHook.code;

  constructor(node: Node, method: string, hook: string) {
    super(
      placeOf(node),
      `${method} returns a promise, but the hook '${hook}' is synchronous: nobody waits for it.`,
    );
  }
}
