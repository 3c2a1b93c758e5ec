import type { JsonSchema } from '@pl-ts/runtime/config';
import { Node, SymbolFlags, type Type, TypeFlags, type TypeNode } from 'ts-morph';
import { arraySchema, tupleSchema } from './array-schema.js';
import { commentOf } from './jsdoc-tags.js';
import { objectSchema } from './object-schema.js';
import { SchemaContext } from './schema-context.js';
import type { SchemaProblem } from './schema-problem.js';
import { literalValue, unionSchema } from './union-schema.js';

export interface TypeSchema {
  readonly schema: JsonSchema;
  readonly problems: readonly SchemaProblem[];
}

export interface TypeSchemaOptions {
  /** Properties to leave out, at the top level. */
  readonly ignore?: readonly string[];
  /** Schemas that take the place of what a property's type says, at the top level; its tags still count. */
  readonly replace?: Readonly<Record<string, JsonSchema>>;
}

/**
 * The JSON Schema (draft-07) of a group of settings, from the type that declares it: types become types, JSDoc tags
 * constraints and defaults, comments descriptions.
 */
export function typeToSchema(typeNode: TypeNode, options: TypeSchemaOptions = {}): TypeSchema {
  return groupToSchema(typeNode.getType(), typeNode, options);
}

/** As `typeToSchema`, for a type that is found by its declaration; `node` is where problems without a place are shown. */
export function groupToSchema(type: Type, node: Node, options: TypeSchemaOptions = {}): TypeSchema {
  const problems: SchemaProblem[] = [];
  const context = new SchemaContext(convert, problems, node);
  if (!type.isObject() && !type.isIntersection()) {
    return { schema: context.noSchema(type, 'not an object of settings'), problems };
  }
  const description = descriptionOf(type);
  const schema = objectSchema(type, context, options);
  return { schema: description === '' ? schema : { description, ...schema }, problems };
}

/** What the comment of an interface, or of an alias, says about the group. */
function descriptionOf(type: Type): string {
  const declaration = (type.getAliasSymbol() ?? type.getSymbol())?.getDeclarations()[0];
  return Node.isInterfaceDeclaration(declaration) || Node.isTypeAliasDeclaration(declaration)
    ? commentOf(declaration)
    : '';
}

function convert(type: Type, context: SchemaContext, typeNode?: TypeNode): JsonSchema {
  if (context.inside.some((outer) => outer.compilerType === type.compilerType)) {
    return context.noSchema(type, 'recursive');
  }
  if (type.isAny() || type.isUnknown()) return context.noSchema(type, 'no definite type');
  if (type.isBoolean()) return { type: 'boolean' };
  if (type.isString()) return { type: 'string' };
  if (type.isNumber()) return { type: 'number' };
  if (type.isNull()) return { type: 'null' };
  const literal = literalValue(type);
  if (literal !== undefined) return { const: literal };
  if (type.isUnion()) return unionSchema(type, context, typeNode);
  if (type.isTemplateLiteral()) return context.noSchema(type, 'a template (declare string, with @pattern)');
  if (type.isTypeParameter()) return context.noSchema(type, 'a type parameter');
  if (type.isTuple()) return tupleSchema(type, context, typeNode);
  if (type.isArray() || type.isReadonlyArray()) return arraySchema(type, context, typeNode);
  if (type.isIntersection()) return intersectionSchema(type, context, typeNode);
  if (type.isObject()) return plainObjectSchema(type, context);
  if ((type.getFlags() & TypeFlags.NonPrimitive) !== 0) return context.noSchema(type, 'no definite type');
  return context.noSchema(type, 'no number, text, boolean, list or object');
}

/** Objects merge; a branded primitive (`string & { __brand: 'path' }`) is its primitive. */
function intersectionSchema(type: Type, context: SchemaContext, typeNode?: TypeNode): JsonSchema {
  const primitive = type.getIntersectionTypes().find((member) => !member.isObject());
  return primitive === undefined
    ? objectSchema(type, context)
    : context.convert(primitive, context, typeNode);
}

function plainObjectSchema(type: Type, context: SchemaContext): JsonSchema {
  if (type.getCallSignatures().length > 0) return context.noSchema(type, 'a function');
  if (type.getConstructSignatures().length > 0 || type.isClass()) return context.noSchema(type, 'a class');
  if (isFromStandardLibrary(type)) return context.noSchema(type, 'a built-in object');
  if (type.getSymbol()?.hasFlags(SymbolFlags.Class)) return context.noSchema(type, 'a class instance');
  return objectSchema(type, context);
}

/** `Date`, `Map`, `Float32Array`; not the mapped types there (`Record`, `Partial`), which are what they are made from. */
function isFromStandardLibrary(type: Type): boolean {
  const symbol = type.getSymbol();
  if (symbol === undefined || symbol.hasFlags(SymbolFlags.TypeLiteral)) return false;
  return symbol.getDeclarations().some((declaration) => {
    const program = declaration.getProject().getProgram().compilerObject;
    const file = declaration.getSourceFile().compilerNode;
    return program.isSourceFileDefaultLibrary(file) || file.fileName.includes('/@types/node/');
  });
}
