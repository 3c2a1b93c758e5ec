/** An operation of the addon. Its number is known once the addon is loaded. */
export interface Operation {
  readonly name: string;
  id: number;
}

const named = new Map<string, Operation>();

/** The addon's operation of that name: `PL_OPERATION(name)` in `runtime/native/ops`. */
export function operation(name: string): Operation {
  let known = named.get(name);
  if (known === undefined) {
    known = { name, id: -1 };
    named.set(name, known);
  }
  return known;
}

/** Numbers the operations by their place in the list. @throws Error for one that is asked for and not in it */
export function numberOperations(names: readonly string[]): void {
  const ids = new Map(names.map((name, id) => [name, id]));
  for (const known of named.values()) {
    const id = ids.get(known.name);
    if (id === undefined) throw new Error(`the addon has no operation '${known.name}'`);
    known.id = id;
  }
}
