import { type ClassDeclaration, Node } from 'ts-morph';
import type { LightningClass } from '../discovery/lightning-class.js';

/** What a class's source already says about every run of its training loop. */
export function loopFacts({ declaration, bases }: LightningClass): Record<string, boolean> {
  const automatic =
    [declaration, ...bases].map(ownAutomaticOptimization).find((value) => value !== undefined) ?? true;
  return automatic === 'unknown' ? {} : { automaticOptimization: automatic };
}

/** The value that a class gives the property; undefined when it leaves it to its base class, whose default is true. */
function ownAutomaticOptimization(declaration: ClassDeclaration): boolean | 'unknown' | undefined {
  const member = declaration.getInstanceMember('automaticOptimization');
  if (member === undefined) return undefined;
  const value = Node.isPropertyDeclaration(member) ? member.getInitializer() : undefined;
  return Node.isTrueLiteral(value) ? true : Node.isFalseLiteral(value) ? false : 'unknown';
}
