import { ts } from 'ts-morph';
import { type Rule, replaceNode } from './rewrite.js';

/** Works out what `undefined`, `true` and `false` in the place of hooks make of the expressions around them. */
export const foldConstants: Rule = (node, file) => {
  const folded = fold(node);
  if (folded === undefined) return undefined;
  return replaceNode(node, file, typeof folded === 'string' ? folded : folded.getText(file));
};

function fold(node: ts.Node): ts.Expression | 'undefined' | 'true' | 'false' | undefined {
  if (ts.isAwaitExpression(node)) return isUndefined(node.expression) ? 'undefined' : undefined;
  if (ts.isParenthesizedExpression(node)) return isSimple(node.expression) ? node.expression : undefined;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const truth = truthOf(node.operand);
    return truth === undefined ? undefined : truth ? 'false' : 'true';
  }
  if (ts.isConditionalExpression(node)) {
    const truth = truthOf(node.condition);
    return truth === undefined ? undefined : truth ? node.whenTrue : node.whenFalse;
  }
  return ts.isBinaryExpression(node) ? foldBinary(node) : undefined;
}

function foldBinary({
  left,
  operatorToken,
  right,
}: ts.BinaryExpression): ts.Expression | 'true' | 'false' | undefined {
  switch (operatorToken.kind) {
    case ts.SyntaxKind.AmpersandAmpersandToken: {
      const truth = truthOf(left);
      return truth === undefined ? undefined : truth ? right : left;
    }
    case ts.SyntaxKind.BarBarToken: {
      const truth = truthOf(left);
      return truth === undefined ? undefined : truth ? left : right;
    }
    case ts.SyntaxKind.QuestionQuestionToken:
      return isUndefined(left) ? right : undefined;
    case ts.SyntaxKind.EqualsEqualsEqualsToken:
      return isUndefined(left) && isLiteral(right) ? 'false' : undefined;
    case ts.SyntaxKind.ExclamationEqualsEqualsToken:
      return isUndefined(left) && isLiteral(right) ? 'true' : undefined;
    default:
      return undefined;
  }
}

/** The value of a condition that is known, or undefined. */
export function truthOf(node: ts.Expression): boolean | undefined {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  return node.kind === ts.SyntaxKind.FalseKeyword || isUndefined(node) ? false : undefined;
}

export function isUndefined(node: ts.Expression): boolean {
  return ts.isIdentifier(node) && node.text === 'undefined';
}

function isLiteral(node: ts.Expression): boolean {
  return (
    ts.isLiteralExpression(node) || (ts.isPrefixUnaryExpression(node) && ts.isLiteralExpression(node.operand))
  );
}

/** An expression that binds as tightly as its parentheses. */
function isSimple(node: ts.Expression): boolean {
  return (
    ts.isIdentifier(node) ||
    ts.isCallExpression(node) ||
    ts.isPropertyAccessExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    truthOf(node) !== undefined
  );
}
