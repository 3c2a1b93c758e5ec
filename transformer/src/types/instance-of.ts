import type { Type } from 'ts-morph';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';

/** Whether a type is that of a class of the runtime, or of one that extends it. */
export function isInstanceOf(type: Type, className: string, runtime: RuntimeSymbols): boolean {
  const symbol = type.getSymbol();
  if (symbol !== undefined && runtime.nameOfSymbol(symbol) === className) return true;
  // Only the generic class itself knows its bases, not the type with its arguments.
  return (type.getTargetType() ?? type).getBaseTypes().some((base) => isInstanceOf(base, className, runtime));
}
