import { Node, Scope } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { DuplicateHook } from '../diagnostics/duplicate-hook.js';
import { HookOutside } from '../diagnostics/hook-outside.js';
import { HookPlacement } from '../diagnostics/hook-placement.js';
import { findHookUses, type HookMember, type HookUse } from '../discovery/hook-use.js';
import type { Check } from './check.js';

/** A hook is an ordinary public method of a class that has hooks, and there is one for each. */
export const checkHookPlacement: Check = ({ classes, declarations, runtime }) => {
  const known = new Set(classes.map(({ declaration }) => declaration));
  const outside = declarations
    .filter((declaration) => !known.has(declaration))
    .flatMap((declaration) =>
      findHookUses(declaration, runtime).map(
        ({ decorator }) => new HookOutside(decorator, declaration.getName() ?? 'the class'),
      ),
    );
  return [...outside, ...classes.flatMap(({ ownHooks }) => [...misplaced(ownHooks), ...doubled(ownHooks)])];
};

function misplaced(uses: readonly HookUse[]): Diagnostic[] {
  return uses.flatMap(({ member, decorator }) => {
    const what = oddity(member);
    return what === undefined ? [] : [new HookPlacement(decorator, member.getName(), what)];
  });
}

/** What keeps a member from being an ordinary public method. */
function oddity(member: HookMember): string | undefined {
  if (Node.isParameterDeclaration(member) || Node.isPropertyDeclaration(member)) return 'a property';
  if (!Node.isMethodDeclaration(member)) return 'an accessor';
  if (member.isStatic()) return 'a static method';
  if (member.isAbstract()) return 'an abstract method';
  if (Node.isPrivateIdentifier(member.getNameNode())) return 'a private method';
  if (member.getScope() !== Scope.Public) return `a ${member.getScope()} method`;
  return Node.isIdentifier(member.getNameNode()) ? undefined : 'a method without a plain name';
}

function doubled(uses: readonly HookUse[]): Diagnostic[] {
  return uses.flatMap(({ hook, member, decorator }, index) => {
    const first = uses.slice(0, index).find((use) => hook !== undefined && use.hook === hook);
    if (hook === undefined || first === undefined || first.member === member) return [];
    return [new DuplicateHook(decorator, hook, first.member.getName(), member.getName())];
  });
}
