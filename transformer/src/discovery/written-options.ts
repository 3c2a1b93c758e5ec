import { Node } from 'ts-morph';
import type { GivenSettings } from '../config/contradictions.js';
import { callbackKinds, callbacksPath } from './callback-kinds.js';
import { constantValue, unwrapped } from './constant-value.js';
import { propertyValue } from './property-value.js';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** Options that stand in the source as `{ name: value, … }`, each with the node of its property. */
export interface WrittenOptions extends GivenSettings<Node> {
  /** Whether more may come from `...others`. */
  readonly open: boolean;
}

/** Reads the options of a group; undefined for an expression that is no object literal. */
export function readOptions(
  expression: Node | undefined,
  group: string,
  runtime: RuntimeSymbols,
): WrittenOptions | undefined {
  const literal = expression && unwrapped(expression);
  if (!Node.isObjectLiteralExpression(literal)) return undefined;
  const values = new Map<string, { value: unknown; place: Node }>();
  const hidden = new Set<string>();
  let open = false;
  for (const property of literal.getProperties()) {
    if (Node.isSpreadAssignment(property)) {
      open = true;
      for (const path of values.keys()) hidden.add(path);
      values.clear();
      continue;
    }
    const path = `${group}.${property.getSymbol()?.getName()}`;
    const written = propertyValue(property);
    const constant =
      path === callbacksPath ? { value: callbackKinds(written, runtime) } : constantValue(written);
    if (constant === undefined) hidden.add(path);
    else hidden.delete(path);
    if (constant !== undefined && constant.value !== undefined)
      values.set(path, { value: constant.value, place: property });
  }
  return { values, hidden, open };
}
