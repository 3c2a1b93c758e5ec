import type { Node } from 'ts-morph';
import type { Analysis } from './analysis.js';
import type { HookOwner } from './discovery/hook-catalog.js';
import type { LightningClass } from './discovery/lightning-class.js';
import type { MainCall } from './discovery/main-call.js';

/** The classes whose settings are the project's `model.*` and `data.*`. */
export interface ProgramClasses {
  readonly module: LightningClass | undefined;
  readonly data: LightningClass | undefined;
}

/** The classes that the program gives to `main`; without a program the only ones of their kind. */
export function programClasses(analysis: Analysis): ProgramClasses {
  const [main] = analysis.mainCalls;
  return {
    module: classGiven(main, 'model', analysis) ?? sole('module', analysis),
    data: classGiven(main, 'data', analysis) ?? (main === undefined ? sole('data', analysis) : undefined),
  };
}

function classGiven(
  main: MainCall | undefined,
  name: 'model' | 'data',
  analysis: Analysis,
): LightningClass | undefined {
  const node = main?.[name];
  return node && classAt(node, analysis);
}

/** The class of the project that an expression names. */
export function classAt(node: Node, { classes }: Analysis): LightningClass | undefined {
  const symbol = node.getSymbol();
  const declared = symbol && (symbol.getAliasedSymbol() ?? symbol).getDeclarations();
  return classes.find(({ declaration }) => declared?.includes(declaration));
}

/** The classes of a kind that a program could be about. */
export function candidates(kind: HookOwner, { classes }: Analysis): LightningClass[] {
  return classes.filter((candidate) => candidate.kind === kind && !candidate.declaration.isAbstract());
}

function sole(kind: HookOwner, analysis: Analysis): LightningClass | undefined {
  const [only, ...others] = candidates(kind, analysis);
  return others.length === 0 ? only : undefined;
}
