import { ts } from 'ts-morph';

/** Replaces the characters from `start` to `end` of a source text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Looks at one node and says what should stand in its place, or nothing. */
export type Rule = (node: ts.Node, file: ts.SourceFile) => Edit | undefined;

/**
 * Applies rules to a source text until none of them has anything left to say. Text that no rule touches keeps its
 * formatting and its comments.
 */
export function rewrite(text: string, rules: readonly Rule[]): string {
  for (;;) {
    const next = rewriteOnce(text, rules);
    if (next === text) return text;
    text = next;
  }
}

/** One pass of `rewrite`. */
export function rewriteOnce(text: string, rules: readonly Rule[]): string {
  return applyEdits(text, collectEdits(parse(text), rules));
}

export function parse(text: string): ts.SourceFile {
  return ts.createSourceFile('loop.ts', text, ts.ScriptTarget.Latest, true);
}

/** The outermost edits, in the order of the text. */
function collectEdits(file: ts.SourceFile, rules: readonly Rule[]): Edit[] {
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    for (const rule of rules) {
      const edit = rule(node, file);
      if (edit !== undefined) {
        edits.push(edit);
        return;
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let position = 0;
  for (const { start, end, text: replacement } of edits) {
    if (start < position) continue; // overlaps the edit before it: the next pass sees it again
    result += text.slice(position, start) + replacement;
    position = end;
  }
  return result + text.slice(position);
}

/** Puts `text` in the place of a node, whose comments stay. */
export function replaceNode(node: ts.Node, file: ts.SourceFile, text: string): Edit {
  return { start: node.getStart(file), end: node.getEnd(), text };
}

/** Takes a statement out, with the comments that belong to it and the line that it leaves empty. */
export function removeStatement(statement: ts.Node, file: ts.SourceFile): Edit {
  const text = file.text;
  let start = statement.getStart(file);
  for (const comment of (ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? []).reverse()) {
    const between = text.slice(comment.end, start);
    if (between.split('\n').length > 2) break; // a blank line in between: the comment speaks of more
    start = comment.pos;
  }
  start = text.lastIndexOf('\n', start - 1) + 1;

  let end = statement.getEnd();
  for (const comment of ts.getTrailingCommentRanges(text, end) ?? []) end = comment.end;
  const lineBreak = text.indexOf('\n', end);
  end = lineBreak === -1 ? text.length : lineBreak + 1;
  return { start, end, text: '' };
}
