import type { Node } from 'ts-morph';

/** Why a declared type cannot be a setting, or not as it is written. */
export type SchemaProblemKind =
  /** The type has no form in a configuration file: a function, a tensor, a class. */
  | 'no-schema'
  /** A JSDoc constraint that is malformed, unknown, or means nothing for the type. */
  | 'bad-constraint'
  /** A `@default` that does not fit its own type and constraints. */
  | 'bad-default'
  /** An optional setting that says nowhere what it is when it is left out. */
  | 'no-default'
  /** A name that cannot be a flag or a variable, or shares its variable with another setting. */
  | 'bad-name';

export interface SchemaProblem {
  readonly kind: SchemaProblemKind;
  /** What is wrong there: a property, a JSDoc tag, a type. */
  readonly node: Node;
  readonly message: string;
}
