import { Node } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { AmbiguousProgram } from '../diagnostics/ambiguous-program.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { IncompleteModule } from '../diagnostics/incomplete-module.js';
import { WrongProgramClass } from '../diagnostics/wrong-program-class.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import { candidates, classAt, programClasses } from '../program-classes.js';
import type { Check } from './check.js';

/** The program is about one module and one data module, and what is trained can be. */
export const checkProgram: Check = (analysis) => [
  ...wrongClasses(analysis),
  ...ambiguities(analysis),
  ...incompleteModule(analysis),
];

function wrongClasses(analysis: Analysis): Diagnostic[] {
  return analysis.mainCalls.flatMap(({ model, data }) => [
    ...wrongClass(model, 'module', 'LightningModule', analysis),
    ...wrongClass(data, 'data', 'LightningDataModule', analysis),
  ]);
}

function wrongClass(
  node: Node | undefined,
  kind: 'module' | 'data',
  base: string,
  analysis: Analysis,
): Diagnostic[] {
  if (node === undefined) return [];
  const given = classAt(node, analysis);
  if (given === undefined ? !isKnown(node) : given.kind === kind) return [];
  return [new WrongProgramClass(node, node.getText(), base)];
}

/** False for what plain TypeScript cannot resolve either. */
function isKnown(node: Node): boolean {
  if (!Node.isIdentifier(node)) return true;
  const symbol = node.getSymbol();
  const target = symbol?.getAliasedSymbol() ?? symbol;
  return (target?.getDeclarations().length ?? 0) > 0;
}

function ambiguities(analysis: Analysis): Diagnostic[] {
  const [first, ...others] = analysis.mainCalls;
  if (first === undefined) {
    return (['module', 'data'] as const).flatMap((kind) => {
      const [one, two] = candidates(kind, analysis);
      if (one === undefined || two === undefined) return [];
      const what =
        kind === 'module'
          ? `model.* could be of ${one.name} or ${two.name}`
          : `data.* could be of ${one.name} or ${two.name}`;
      return [
        new AmbiguousProgram(nameOf(two), `the settings ${what}, and no main({ model, data }) says which.`),
      ];
    });
  }
  const { module, data } = programClasses(analysis);
  return others
    .filter(({ model, data: other }) => differs(model, module, analysis) || differs(other, data, analysis))
    .map(
      ({ call }) =>
        new AmbiguousProgram(call, 'another call of main is about other classes; a project has one program.'),
    );
}

function differs(node: Node | undefined, given: LightningClass | undefined, analysis: Analysis): boolean {
  const other = node && classAt(node, analysis);
  return other !== undefined && other !== given;
}

/** A module with only one half of what training needs. */
function incompleteModule(analysis: Analysis): Diagnostic[] {
  const { module } = programClasses(analysis);
  if (module === undefined || module.hiddenBase !== undefined) return [];
  const missing = ['training_step', 'configure_optimizers'].filter((hook) => !module.hooks.has(hook));
  return missing.length === 1 ? [new IncompleteModule(nameOf(module), module.name, missing)] : [];
}

function nameOf({ declaration }: LightningClass): Node {
  return declaration.getNameNode() ?? declaration;
}
