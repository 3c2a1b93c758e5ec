import { type ClassDeclaration, Node, type Type } from 'ts-morph';
import type { HookOwner } from './hook-catalog.js';
import { findHookUses, type HookUse } from './hook-use.js';
import { findHparamsUses, type HparamsUse } from './hparams-use.js';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** A class of the project that extends LightningModule, LightningDataModule or Callback. */
export interface LightningClass {
  readonly kind: HookOwner;
  readonly name: string;
  readonly declaration: ClassDeclaration;
  /** The project's classes that it extends, nearest first. */
  readonly bases: readonly ClassDeclaration[];
  /** A base class whose source, and so whose decorators, the compiler cannot see. */
  readonly hiddenBase: Node | undefined;
  /** The name under which its file exports it; undefined when it does not. */
  readonly exportName: string | undefined;
  /** The hooks that the class itself marks, also those that are wrong. */
  readonly ownHooks: readonly HookUse[];
  /** hook name → method name, inherited ones included; a class's own declaration wins. */
  readonly hooks: ReadonlyMap<string, string>;
  /** `@Hparams` of the class itself. */
  readonly ownHparams: readonly HparamsUse[];
  /** The hyper-parameters that count: the class's own, or those of the nearest base that has some. */
  readonly hparams: HparamsUse | undefined;
}

const bases: ReadonlyMap<string | undefined, HookOwner> = new Map([
  ['LightningModule', 'module'],
  ['LightningDataModule', 'data'],
  ['Callback', 'callback'],
]);

/** What the runtime will make of a class of the project; undefined for one that is none of its business. */
export function readClass(
  declaration: ClassDeclaration,
  runtime: RuntimeSymbols,
): LightningClass | undefined {
  const ancestry = findAncestry(declaration, runtime);
  if (ancestry === undefined) return undefined;
  const chain = [declaration, ...ancestry.bases];
  const ownHooks = findHookUses(declaration, runtime);
  const ownHparams = findHparamsUses(declaration, runtime);
  return {
    ...ancestry,
    name: declaration.getName() ?? 'the default export',
    declaration,
    exportName: exportNameOf(declaration),
    ownHooks,
    hooks: new Map(chain.reverse().flatMap((base) => declaredHooks(findHookUses(base, runtime)))),
    ownHparams,
    hparams: [ownHparams, ...ancestry.bases.map((base) => findHparamsUses(base, runtime))].find(
      (uses) => uses.length > 0,
    )?.[0],
  };
}

interface Ancestry {
  readonly kind: HookOwner;
  readonly bases: ClassDeclaration[];
  readonly hiddenBase: Node | undefined;
}

/** Follows `extends` up to a base class of the runtime. */
function findAncestry(
  declaration: ClassDeclaration,
  runtime: RuntimeSymbols,
  below: readonly ClassDeclaration[] = [],
): Ancestry | undefined {
  const base = declaration.getExtends()?.getExpression();
  if (base === undefined) return undefined;
  const symbol = base.getSymbol();
  const kind = bases.get(symbol && runtime.nameOfSymbol(symbol));
  if (kind !== undefined) return { kind, bases: [], hiddenBase: undefined };

  const target = symbol && (symbol.getAliasedSymbol() ?? symbol);
  const parent = target?.getDeclarations().find(Node.isClassDeclaration);
  if (parent !== undefined && !parent.getSourceFile().isDeclarationFile()) {
    if (below.includes(parent)) return undefined; // a class that extends itself is an error of plain TypeScript
    const above = findAncestry(parent, runtime, [...below, declaration]);
    return above && { ...above, bases: [parent, ...above.bases] };
  }
  const hiddenKind = kindOfType(declaration.getType(), runtime);
  return hiddenKind && { kind: hiddenKind, bases: [], hiddenBase: base };
}

/** Looks for a base class of the runtime among the types that a class inherits from, mixins included. */
function kindOfType(type: Type, runtime: RuntimeSymbols): HookOwner | undefined {
  for (const base of type.isIntersection() ? type.getIntersectionTypes() : type.getBaseTypes()) {
    const symbol = base.getSymbol();
    const kind = bases.get(symbol && runtime.nameOfSymbol(symbol)) ?? kindOfType(base, runtime);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function declaredHooks(uses: readonly HookUse[]): [string, string][] {
  return uses.flatMap(({ hook, member }) =>
    hook !== undefined && Node.isMethodDeclaration(member) && !member.isStatic()
      ? [[hook, member.getName()]]
      : [],
  );
}

function exportNameOf(declaration: ClassDeclaration): string | undefined {
  const names = declaration
    .getSourceFile()
    .getExportSymbols()
    .filter((symbol) => (symbol.getAliasedSymbol() ?? symbol).getDeclarations().includes(declaration))
    .map((symbol) => symbol.getName());
  return names.find((name) => name === declaration.getName()) ?? names[0];
}

/** The type of one of a class's methods, as seen on its instances. */
export function methodType({ declaration }: LightningClass, method: string): Type | undefined {
  return declaration.getType().getProperty(method)?.getTypeAtLocation(declaration);
}
