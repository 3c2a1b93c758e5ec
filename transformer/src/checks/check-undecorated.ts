import { Scope } from 'ts-morph';
import { UndecoratedHook } from '../diagnostics/undecorated-hook.js';
import type { Check } from './check.js';

/** A method with a hook's name that nothing will call. */
export const checkUndecorated: Check = ({ classes, catalog }) =>
  classes.flatMap(({ kind, declaration, hooks, ownHooks }) => {
    const methods = new Set(hooks.values());
    return declaration
      .getMethods()
      .filter((method) => !method.isStatic() && method.getScope() === Scope.Public)
      .filter((method) => catalog.type(kind, method.getName()) !== undefined)
      .filter((method) => !methods.has(method.getName()) && !ownHooks.some(({ member }) => member === method))
      .map((method) => new UndecoratedHook(method.getNameNode(), method.getName()));
  });
