import { Node, type ParameterDeclaration, type TypeNode } from 'ts-morph';
import { type LightningClass, methodType } from '../discovery/lightning-class.js';
import type { ImportedName, Imports } from './imports.js';

const LONGEST = 60;

/**
 * The type of a step's batch as the generated file writes it: the annotation of the step's first parameter where its
 * names can be imported, else `Parameters<Model['step']>[0]`.
 */
export function batchType(owner: LightningClass, step: string, modelType: string, imports: Imports): string {
  const method = owner.hooks.get(step)!;
  const parameter = methodType(owner, method)
    ?.getCallSignatures()[0]
    ?.getParameters()[0]
    ?.getValueDeclaration();
  if (parameter === undefined || !Node.isParameterDeclaration(parameter)) return 'unknown';
  return annotation(parameter, imports) ?? `Parameters<${modelType}['${method}']>[0]`;
}

function annotation(parameter: ParameterDeclaration, imports: Imports): string | undefined {
  const node = parameter.getTypeNode();
  const text = node?.getText();
  if (node === undefined || text === undefined || text.length > LONGEST || text.includes('\n'))
    return undefined;
  const names = namesIn(node).map((name) => ({ name, imported: importOf(name) }));
  if (names.some(({ imported }) => imported === undefined)) return undefined;
  return names.reduceRight((result, { name, imported }) => {
    const start = name.getStart() - node.getStart();
    const local = imported === undefined || imported === 'global' ? name.getText() : imports.type(imported);
    return result.slice(0, start) + local + result.slice(start + name.getText().length);
  }, text);
}

/** The identifiers that a type refers to: of `tf.Tensor2D` the `tf`. */
function namesIn(type: TypeNode): Node[] {
  return [type, ...type.getDescendants()].flatMap((node) => {
    if (Node.isImportTypeNode(node) || Node.isThisTypeNode(node)) return [node];
    if (Node.isTypeReference(node)) return [leftmost(node.getTypeName())];
    return Node.isTypeQuery(node) ? [leftmost(node.getExprName())] : [];
  });
}

function leftmost(name: Node): Node {
  return Node.isQualifiedName(name) ? leftmost(name.getLeft()) : name;
}

/** Where a generated file gets a name from; undefined when it cannot. */
function importOf(name: Node): ImportedName | 'global' | undefined {
  const symbol = name.getSymbol();
  const [declaration] = symbol?.getDeclarations() ?? [];
  if (symbol === undefined || declaration === undefined) return undefined;
  if (Node.isImportSpecifier(declaration)) {
    const statement = declaration.getImportDeclaration();
    const from = statement.isModuleSpecifierRelative()
      ? statement.getModuleSpecifierSourceFile()?.getFilePath()
      : statement.getModuleSpecifierValue();
    return from === undefined ? undefined : { name: declaration.getName(), from, localName: name.getText() };
  }
  const file = declaration.getSourceFile();
  if (file !== name.getSourceFile()) return 'global';
  const isExported = file
    .getExportSymbols()
    .some((exported) => exported === symbol && exported.getName() === name.getText());
  return isExported ? { name: name.getText(), from: file.getFilePath() } : undefined;
}
