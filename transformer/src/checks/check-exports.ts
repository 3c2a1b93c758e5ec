import type { SourceFile } from 'ts-morph';
import { ClassBesideProgram } from '../diagnostics/class-beside-program.js';
import { ClassNotExported } from '../diagnostics/class-not-exported.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { MainCall } from '../discovery/main-call.js';
import type { Check } from './check.js';

/** Generated code must be able to import the classes that it is written for. */
export const checkExports: Check = ({ classes, mainCalls }) =>
  classes
    .filter(({ kind, declaration }) => kind !== 'callback' && !declaration.isAbstract())
    .flatMap(({ name, declaration, exportName }): Diagnostic[] => {
      const place = declaration.getNameNode() ?? declaration;
      const reason = importCycle(declaration.getSourceFile(), mainCalls);
      if (reason !== undefined) return [new ClassBesideProgram(place, name, reason)];
      return exportName === undefined ? [new ClassNotExported(place, name)] : [];
    });

/** Why a file cannot be imported by generated code. */
export function importCycle(file: SourceFile, mainCalls: readonly MainCall[]): string | undefined {
  if (mainCalls.some(({ call }) => call.getSourceFile() === file)) return 'calls main';
  const generated = file
    .getImportDeclarations()
    .some(
      (node) => !node.isTypeOnly() && /(^|\/)generated\/[\w-]+\.js$/.test(node.getModuleSpecifierValue()),
    );
  return generated ? 'imports generated code' : undefined;
}
