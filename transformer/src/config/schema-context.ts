import type { JsonSchema } from '@pl-ts/runtime/config';
import type { Node, Type, TypeNode } from 'ts-morph';
import type { SchemaProblem, SchemaProblemKind } from './schema-problem.js';

/** Where in the settings a type stands, which decides what its properties are. */
export type SchemaRole =
  /** An object here is a group of settings. */
  | 'setting'
  /** Inside a list, a record or a nullable object: a part of one setting's value. */
  | 'part'
  /** One of several alternatives; a validator does not fill in defaults there. */
  | 'alternative';

/** Converts a type; `typeNode` is how the source spells it, where it does. */
export type ConvertType = (type: Type, context: SchemaContext, typeNode?: TypeNode) => JsonSchema;

/** What the conversion of one type needs to know of its surroundings. */
export class SchemaContext {
  constructor(
    readonly convert: ConvertType,
    readonly problems: SchemaProblem[],
    /** What a problem of the type is blamed on. */
    readonly node: Node,
    readonly role: SchemaRole = 'setting',
    /** Types whose conversion is under way, to notice recursion. */
    readonly inside: readonly Type[] = [],
  ) {}

  at(node: Node): SchemaContext {
    return new SchemaContext(this.convert, this.problems, node, this.role, this.inside);
  }

  /** The context of what is within `type`. An alternative's parts stay in that alternative. */
  within(type: Type, role: SchemaRole = this.role): SchemaContext {
    const inner = this.role === 'alternative' ? 'alternative' : role;
    return new SchemaContext(this.convert, this.problems, this.node, inner, [...this.inside, type]);
  }

  report(kind: SchemaProblemKind, message: string, node: Node = this.node): void {
    this.problems.push({ kind, node, message });
  }

  /** Reports that a type has no schema, and goes on with one that takes anything. */
  noSchema(type: Type, what: string): JsonSchema {
    this.report(
      'no-schema',
      `${shortText(type, this.node)} has no form in a configuration file: it is ${what}`,
    );
    return {};
  }
}

/** A type as its author would write it, on one line. */
export function shortText(type: Type, node: Node): string {
  const text = type
    .getText(node)
    .replace(/import\("[^"]*"\)\./g, '')
    .replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
