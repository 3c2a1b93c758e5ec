/** An operation of the addon. Its number is known once the addon is loaded. */
export interface Operation {
  readonly name: string;
  id: number;
}

const named = new Map<string, Operation>();
let ids: ReadonlyMap<string, number> | undefined;

/**
 * The addon's operation of that name: `PL_OPERATION(name)` in `runtime/native/ops`.
 *
 * @throws Error where the addon is loaded and has none of that name
 */
export function operation(name: string): Operation {
  let known = named.get(name);
  if (known === undefined) {
    known = { name, id: ids === undefined ? -1 : numberOf(name, ids) };
    named.set(name, known);
  }
  return known;
}

/** Numbers the operations by their place in the list. @throws Error for one that was asked for and is not in it */
export function numberOperations(names: readonly string[]): void {
  ids = new Map(names.map((name, id) => [name, id]));
  for (const known of named.values()) known.id = numberOf(known.name, ids);
}

function numberOf(name: string, ids: ReadonlyMap<string, number>): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`the addon has no operation '${name}'`);
  return id;
}
