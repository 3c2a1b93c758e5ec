import { ts } from 'ts-morph';
import { isUndefined, truthOf } from './fold-constants.js';
import { type Edit, type Rule, removeStatement, replaceNode } from './rewrite.js';

/** Takes out statements that do nothing and the branches that are never taken; unwraps those that always are. */
export const dropDeadCode: Rule = (node, file) => {
  if (ts.isExpressionStatement(node)) {
    return truthOf(node.expression) === undefined ? undefined : drop(node, file);
  }
  return ts.isIfStatement(node) ? simplifyIf(node, file) : undefined;
};

function simplifyIf(statement: ts.IfStatement, file: ts.SourceFile): Edit | undefined {
  const { expression, thenStatement, elseStatement } = statement;
  const truth = truthOf(expression);
  if (truth !== undefined) {
    const taken = truth ? thenStatement : elseStatement;
    return taken === undefined
      ? drop(statement, file)
      : replaceNode(statement, file, branchText(statement, taken, file));
  }
  if (elseStatement !== undefined && isEmpty(elseStatement)) {
    return { start: thenStatement.getEnd(), end: statement.getEnd(), text: '' };
  }
  if (!isEmpty(thenStatement)) return undefined;
  if (elseStatement !== undefined) {
    const test = expression.getText(file);
    const negated =
      ts.isIdentifier(expression) || ts.isPropertyAccessExpression(expression) ? `!${test}` : `!(${test})`;
    return replaceNode(statement, file, `if (${negated}) ${elseStatement.getText(file)}`);
  }
  return isPure(expression)
    ? drop(statement, file)
    : replaceNode(statement, file, `${expression.getText(file)};`);
}

/** A branch that stands in a list of statements loses its braces, unless its names could meet others there. */
function branchText(statement: ts.IfStatement, taken: ts.Statement, file: ts.SourceFile): string {
  const { parent } = statement;
  if (
    !ts.isBlock(taken) ||
    !ts.isBlock(parent) ||
    declaredNames(taken).some((name) => mentions(parent, name, statement))
  )
    return taken.getText(file);
  const { line } = file.getLineAndCharacterOfPosition(taken.getStart(file));
  const isOnOneLine = line === file.getLineAndCharacterOfPosition(taken.getEnd()).line;
  const inner = file.text.slice(taken.getStart(file) + 1, taken.getEnd() - 1);
  return isOnOneLine
    ? inner.trim()
    : inner
        .replace(/^[^\S\n]*\n|\s+$/g, '')
        .replace(/^ {2}/gm, '')
        .trimStart();
}

function declaredNames(block: ts.Block): string[] {
  return block.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return statement.name?.text ?? [];
    return ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
      : [];
  });
}

function namesIn(binding: ts.BindingName): string[] {
  if (ts.isIdentifier(binding)) return [binding.text];
  return binding.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

/** Whether an identifier of that name occurs in a block outside of one of its statements. */
function mentions(node: ts.Node, name: string, except: ts.Node): boolean {
  if (node === except) return false;
  if (ts.isIdentifier(node) && node.text === name) return true;
  return ts.forEachChild(node, (child) => mentions(child, name, except)) ?? false;
}

function drop(statement: ts.Statement, file: ts.SourceFile): Edit {
  return ts.isBlock(statement.parent) ? removeStatement(statement, file) : replaceNode(statement, file, '{}');
}

function isEmpty(statement: ts.Statement): boolean {
  return ts.isBlock(statement) && statement.statements.length === 0;
}

/** Whether evaluating the expression changes nothing. Properties of a run are read without effect. */
export function isPure(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node) || ts.isParenthesizedExpression(node))
    return isPure(node.expression);
  if (ts.isPrefixUnaryExpression(node)) {
    return node.operator === ts.SyntaxKind.ExclamationToken && isPure(node.operand);
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return !assigns && isPure(node.left) && isPure(node.right);
  }
  return (
    ts.isIdentifier(node) || ts.isLiteralExpression(node) || truthOf(node) !== undefined || isUndefined(node)
  );
}
