import { basename } from 'node:path';
import type { Analysis } from '../analysis.js';
import { importCycle } from '../checks/check-exports.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import type { ImportedName } from './imports.js';

/** A class that generated code is written for. */
export interface CompiledClass {
  readonly source: LightningClass;
  /** How generated code imports it; no two classes have the same local name. */
  readonly imported: Required<ImportedName>;
}

/**
 * The classes that generated code can import and that the compiler sees whole. For the others the runtime works from
 * the decorators.
 */
export function compiledClasses({ classes, mainCalls }: Analysis): CompiledClass[] {
  const taken = new Set<string>();
  return classes.flatMap((source) => {
    const { declaration, exportName, hiddenBase } = source;
    const file = declaration.getSourceFile();
    if (exportName === undefined || hiddenBase !== undefined || declaration.isAbstract()) return [];
    if (importCycle(file, mainCalls) !== undefined) return [];
    const localName =
      exportName === 'default' ? (declaration.getName() ?? fromFileName(file.getFilePath())) : exportName;
    let unique = localName;
    for (let n = 2; taken.has(unique); n++) unique = `${localName}${n}`;
    taken.add(unique);
    return [{ source, imported: { name: exportName, from: file.getFilePath(), localName: unique } }];
  });
}

/** `digitsClassifier`: what the names of a class's generated parts begin with. */
export function prefixOf({ imported: { localName } }: CompiledClass): string {
  return localName.charAt(0).toLowerCase() + localName.slice(1);
}

/** `image-classifier.ts` → `ImageClassifier` */
function fromFileName(path: string): string {
  const words = basename(path)
    .replace(/\.\w+$/, '')
    .match(/[A-Za-z0-9]+/g) ?? ['Class'];
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^\d/.test(name) ? `Class${name}` : name;
}

/** The type of a class's instances, as a file that imports the class as `name` writes it. */
export function instanceType({ declaration }: LightningClass, name: string): string {
  return declaration.getTypeParameters().length === 0 ? name : `InstanceType<typeof ${name}>`;
}
