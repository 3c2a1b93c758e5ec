import { ts } from 'ts-morph';
import type { LoopPlan } from './loop-plan.js';
import { type Rule, replaceNode } from './rewrite.js';

/** `run.x` becomes `true` or `false` where that is known of the class. */
export function bindFacts({ facts = {} }: LoopPlan): Rule {
  return (node, file) => {
    if (!ts.isPropertyAccessExpression(node) || node.expression.getText(file) !== 'run') return undefined;
    const value = facts[node.name.text];
    return value === undefined ? undefined : replaceNode(node, file, String(value));
  };
}
