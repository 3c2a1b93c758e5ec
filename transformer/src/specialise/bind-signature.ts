import { ts } from 'ts-morph';
import type { LoopPlan } from './loop-plan.js';
import { type Rule, replaceNode } from './rewrite.js';

/**
 * Gives the loop its name, its model in the place of `hooks` and its batch type in the place of `Batch`. One pass is
 * enough, and a second would misread a batch type of the name `Batch`.
 */
export function bindSignature({ functionName, modelType, batchType }: LoopPlan): Rule {
  return (node, file) => {
    if (ts.isIdentifier(node) && ts.isFunctionDeclaration(node.parent))
      return replaceNode(node, file, functionName);
    if (ts.isTypeParameterDeclaration(node)) return { start: node.pos - 1, end: node.end + 1, text: '' };
    if (ts.isParameter(node) && ts.isIdentifier(node.name) && node.name.text === 'hooks') {
      return replaceNode(node, file, `model: ${modelType}`);
    }
    if (ts.isTypeReferenceNode(node) && node.getText(file) === 'Batch')
      return replaceNode(node, file, batchType);
    return isRunModel(node) ? replaceNode(node, file, 'model') : undefined;
  };
}

/** `run.model` */
function isRunModel(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === 'model' &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'run'
  );
}
