import { Node } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { HparamsMisuse } from '../diagnostics/hparams-misuse.js';
import type { HparamsUse } from '../discovery/hparams-use.js';
import type { Check } from './check.js';

/** `@Hparams` stands once in a class, on the constructor's first parameter or a property, with a type. */
export const checkHparams: Check = ({ classes }) =>
  classes.flatMap(({ name, ownHparams: [first, ...others] }): Diagnostic[] => {
    if (first === undefined) return [];
    const cause = misuse(first);
    return [
      ...(cause === undefined ? [] : [new HparamsMisuse(first.decorator, cause)]),
      ...others.map(
        ({ decorator }) => new HparamsMisuse(decorator, `${name} has @Hparams twice; once is enough.`),
      ),
    ];
  });

function misuse({ holder }: HparamsUse): string | undefined {
  if (Node.isParameterDeclaration(holder)) {
    const owner = holder.getParent();
    if (!Node.isConstructorDeclaration(owner)) return '@Hparams belongs to a parameter of the constructor.';
    if (holder.getChildIndex() !== 0) return "@Hparams belongs to the constructor's first parameter.";
    if (holder.isRestParameter()) return '@Hparams cannot stand on a rest parameter.';
  } else if (holder.isStatic()) {
    return '@Hparams cannot stand on a static property.';
  }
  const type = holder.getType();
  if (holder.getTypeNode() === undefined || type.isAny() || type.isUnknown()) {
    return `${holder.getName()} needs a declared type: it is what the settings are read from.`;
  }
  return undefined;
}
