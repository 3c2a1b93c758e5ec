import { didYouMean, parseLiteral } from '@pl-ts/runtime/config';
import { type JSDoc, type JSDocTag, Node } from 'ts-morph';
import type { SchemaContext } from './schema-context.js';

export interface TagText {
  readonly node: JSDocTag;
  readonly text: string;
}

/** What the comment of a property says about its schema. */
export interface JSDocTags {
  readonly description: string;
  readonly integer: boolean;
  readonly deprecated: boolean;
  readonly examples: readonly unknown[];
  readonly default?: TagText;
  /** Tags that limit values, by keyword of JSON Schema. */
  readonly constraints: ReadonlyMap<string, TagText>;
}

export const NUMBER_KEYWORDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
] as const;
export const COUNT_KEYWORDS = ['minLength', 'maxLength', 'minItems', 'maxItems'] as const;
const CONSTRAINTS: readonly string[] = [...NUMBER_KEYWORDS, ...COUNT_KEYWORDS, 'pattern', 'format'];
const KNOWN = [...CONSTRAINTS, 'default', 'integer', 'deprecated', 'example'];
/** Usual in comments and near to one of ours in spelling, but no misspelling. */
const OTHERS = new Set([
  'examples',
  'param',
  'private',
  'internal',
  'override',
  'defaultValue',
  'type',
  'asType',
]);

export function readTags(declaration: Node | undefined, context: SchemaContext): JSDocTags {
  const docs = Node.isJSDocable(declaration) ? declaration.getJsDocs() : [];
  if (docs.length === 0) reportUnseenComment(declaration, context);
  const tags = {
    integer: false,
    deprecated: false,
    examples: [] as unknown[],
    default: undefined as TagText | undefined,
  };
  const constraints = new Map<string, TagText>();
  for (const node of docs.flatMap((doc) => doc.getTags())) {
    const name = node.getTagName();
    const tag = { node, text: textOf(node) };
    if (name === 'default' || name === 'defaultValue') tags.default = tag;
    else if (name === 'deprecated') tags.deprecated = true;
    else if (name === 'example') tags.examples.push(parseLiteral(tag.text)?.value ?? tag.text);
    else if (name === 'integer' || saysInteger(name, tag.text)) tags.integer = true;
    else if (CONSTRAINTS.includes(name)) constraints.set(name, tag);
    else if (!OTHERS.has(name)) reportMisspelling(name, tag, context);
  }
  const { default: value, ...rest } = tags;
  return {
    description: textOfComments(docs),
    constraints,
    ...rest,
    ...(value === undefined ? {} : { default: value }),
  };
}

/** `@type integer` and `@asType integer`, with braces or without. */
function saysInteger(name: string, text: string): boolean {
  return (name === 'type' || name === 'asType') && /^\{?integer\}?$/.test(text);
}

/** TypeScript gives a comment to the declaration after it only when a line begins between the comment and the token before. */
function reportUnseenComment(declaration: Node | undefined, context: SchemaContext): void {
  const before = declaration?.getFullText().slice(0, declaration.getLeadingTriviaWidth()) ?? '';
  if (!/\/\*\*[^/]/.test(before)) return;
  context.report('bad-constraint', 'this comment counts only when it begins on a line of its own');
}

function reportMisspelling(name: string, { node }: TagText, context: SchemaContext): void {
  const suggestion = didYouMean(name, KNOWN);
  if (suggestion !== '') context.report('bad-constraint', `unknown tag @${name}.${suggestion}`, node);
}

/** The text after a tag's name, without the comment's own stars. TypeScript's own reading drops the text of `@type`. */
function textOf(tag: JSDocTag): string {
  return tag
    .getText()
    .replace(/^@\w+/, '')
    .replace(/\n[ \t]*\*?[ \t]?/g, '\n')
    .trim();
}

/** The comments of a declaration, without their tags, in one line. */
export function commentOf(declaration: Node): string {
  return Node.isJSDocable(declaration) ? textOfComments(declaration.getJsDocs()) : '';
}

function textOfComments(docs: readonly JSDoc[]): string {
  return docs
    .map((doc) => plain(doc.getCommentText() ?? ''))
    .filter(Boolean)
    .join(' ');
}

/** A comment in one line, links as their text. */
function plain(comment: string): string {
  return comment
    .replace(/\{@link(?:code|plain)?\s+([^}|]*?)(?:\s*\|\s*([^}]*))?\}/g, (_, target, text) => text ?? target)
    .replace(/\s+/g, ' ')
    .trim();
}
