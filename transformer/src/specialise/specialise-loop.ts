import { ts } from 'ts-morph';
import { bindFacts } from './bind-facts.js';
import { bindHooks } from './bind-hooks.js';
import { bindSignature } from './bind-signature.js';
import { dropDeadCode } from './drop-dead-code.js';
import { dropUnusedLocals } from './drop-unused-locals.js';
import { foldConstants } from './fold-constants.js';
import type { LoopPlan } from './loop-plan.js';
import { parse, rewrite, rewriteOnce } from './rewrite.js';

/** A loop written for one class. */
export interface SpecialisedLoop {
  /** The exported function, with its comment. */
  readonly text: string;
  /** Names of the runtime that its types mention. */
  readonly runtimeTypes: readonly string[];
}

/**
 * Writes a class's loop from the source of a reference loop: calls of hooks that the class has become direct calls of
 * its methods, everything about the others goes.
 *
 * @throws Error when the reference loop uses a hook in a way that has no direct counterpart
 */
export function specialiseLoop(source: string, plan: LoopPlan): SpecialisedLoop {
  const signed = rewriteOnce(source, [bindSignature(plan)]);
  const bound = rewrite(signed, [bindHooks(plan), bindFacts(plan), foldConstants, dropDeadCode]);
  const file = parse(rewrite(bound, [dropUnusedLocals]));

  const loop = file.statements.find(ts.isFunctionDeclaration);
  if (loop === undefined) throw new Error('The reference loop is not a function.');
  const text = tidy(onOneLine(loop, file));
  return {
    text: `/** ${plan.doc} */\n${text}\n`,
    runtimeTypes: importedNames(file).filter((name) => mentions(loop, name)),
  };
}

const LINE_WIDTH = 110;

/** The function with its head on one line, where it fits. */
function onOneLine(loop: ts.FunctionDeclaration, file: ts.SourceFile): string {
  const text = loop.getText(file);
  const head = text.slice(0, loop.body!.getStart(file) + 1 - loop.getStart(file));
  const joined = head
    .replace(/\(\s+/g, '(')
    .replace(/,\s*\)/g, ')')
    .replace(/\s+/g, ' ');
  return (joined.length <= LINE_WIDTH ? joined : head) + text.slice(head.length);
}

/** Removes blank lines that dropped code left at the edges of blocks and beside each other. */
function tidy(text: string): string {
  return text
    .replace(/\n\n\n+/g, '\n\n')
    .replace(/\{\n\n+/g, '{\n')
    .replace(/\n\n+(\s*\})/g, '\n$1');
}

function importedNames(file: ts.SourceFile): string[] {
  return file.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
    const bindings = importClause?.namedBindings;
    return bindings !== undefined && ts.isNamedImports(bindings)
      ? bindings.elements.map(({ name }) => name.text)
      : [];
  });
}

function mentions(node: ts.Node, name: string): boolean {
  if (ts.isIdentifier(node) && node.text === name) return true;
  return ts.forEachChild(node, (child) => mentions(child, name)) ?? false;
}
