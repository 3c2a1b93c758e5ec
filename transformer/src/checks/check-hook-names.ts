import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { HookNameNotLiteral } from '../diagnostics/hook-name-not-literal.js';
import { HookOfOtherClass } from '../diagnostics/hook-of-other-class.js';
import { UnknownHook } from '../diagnostics/unknown-hook.js';
import type { Check } from './check.js';
import { kindNames } from './names.js';

export const checkHookNames: Check = ({ classes, catalog }) =>
  classes.flatMap(({ kind, name, ownHooks }) =>
    ownHooks.flatMap(({ hook, nameNode }): Diagnostic[] => {
      if (hook === undefined) return [new HookNameNotLiteral(nameNode)];
      const owners = catalog.ownersOf(hook);
      if (owners.length === 0)
        return [new UnknownHook(nameNode, hook, kindNames[kind].one, catalog.names(kind))];
      if (owners.includes(kind)) return [];
      return [
        new HookOfOtherClass(
          nameNode,
          hook,
          name,
          kindNames[kind].one,
          owners.map((owner) => kindNames[owner].many),
        ),
      ];
    }),
  );
