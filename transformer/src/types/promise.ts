import type { Type } from 'ts-morph';

/** What is known about a result: whether it is a promise. */
export type Waiting = 'never' | 'always' | 'perhaps';

/** Whether a value of the type has to be awaited. */
export function waitingFor(type: Type): Waiting {
  if (type.isAny() || type.isUnknown()) return 'perhaps';
  if (!type.isUnion()) return isPromise(type) ? 'always' : 'never';
  const members = type.getUnionTypes().map(isPromise);
  return members.every((is) => is) ? 'always' : members.some((is) => is) ? 'perhaps' : 'never';
}

function isPromise(type: Type): boolean {
  return type.getProperty('then') !== undefined;
}

/** The type that `await` gives. */
export function awaited(type: Type): Type[] {
  const members = type.isUnion() ? type.getUnionTypes() : [type];
  return members.flatMap((member) => (isPromise(member) ? (member.getTypeArguments()[0] ?? member) : member));
}

/** Whether a method with that result never gives anything but undefined. */
export function givesNothing(type: Type): boolean {
  return awaited(type)
    .flatMap((member) => (member.isUnion() ? member.getUnionTypes() : [member]))
    .every((member) => member.isVoid() || member.isUndefined() || member.isNever());
}
