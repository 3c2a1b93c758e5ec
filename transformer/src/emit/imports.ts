import { dirname, relative } from 'node:path';

/** A name that a file exports, or that a package does. */
export interface ImportedName {
  /** As the exporting file calls it; `default` for the default export. */
  readonly name: string;
  /** Absolute path of a source file, or the name of a package. */
  readonly from: string;
  /** What to call a default export. */
  readonly localName?: string;
}

interface Entry {
  readonly name: string;
  readonly local: string;
  readonly specifier: string;
  typeOnly: boolean;
}

/** The imports of a file that is being written: gives each name once, and another where two would clash. */
export class Imports {
  readonly #entries = new Map<string, Entry>();

  /**
   * @param path the file that imports
   * @param reserved names that the file has a use for itself; only packages may give their exports such a name
   */
  constructor(
    readonly path: string,
    private readonly reserved: readonly string[] = [],
  ) {}

  /** Imports a value (a type, too); returns what the file calls it. */
  value(imported: ImportedName): string {
    const entry = this.#entry(imported);
    entry.typeOnly = false;
    return entry.local;
  }

  /** Imports what is only needed as a type. */
  type(imported: ImportedName): string {
    return this.#entry(imported).local;
  }

  /** The import statements, packages first. */
  toString(): string {
    const entries = [...this.#entries.values()];
    return [...new Set(entries.map(({ specifier }) => specifier))]
      .sort(byPackagesFirst)
      .map((specifier) =>
        importStatement(
          specifier,
          entries.filter((entry) => entry.specifier === specifier),
        ),
      )
      .join('');
  }

  #entry({ name, from, localName = name }: ImportedName): Entry {
    const isFile = from.startsWith('/') || /^[A-Za-z]:/.test(from);
    const specifier = isFile ? relativeSpecifier(this.path, from) : from;
    const key = `${name}\0${specifier}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = {
      name,
      local: this.#free(localName, isFile ? this.reserved : []),
      specifier,
      typeOnly: true,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #free(name: string, reserved: readonly string[]): string {
    const taken = new Set([...reserved, ...[...this.#entries.values()].map(({ local }) => local)]);
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}${n}`;
    return free;
  }
}

function importStatement(specifier: string, entries: readonly Entry[]): string {
  const onlyTypes = entries.every(({ typeOnly }) => typeOnly);
  const named = entries
    .filter(({ name }) => name !== 'default')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, local, typeOnly }) => {
      return `${typeOnly && !onlyTypes ? 'type ' : ''}${name === local ? name : `${name} as ${local}`}`;
    });
  const byDefault = entries.filter(({ name }) => name === 'default').map(({ local }) => local);
  const bindings = [...byDefault, ...(named.length > 0 ? [`{ ${named.join(', ')} }`] : [])];
  return `import ${onlyTypes ? 'type ' : ''}${bindings.join(', ')} from '${specifier}';\n`;
}

function byPackagesFirst(a: string, b: string): number {
  return Number(a.startsWith('.')) - Number(b.startsWith('.')) || (a < b ? -1 : 1);
}

function relativeSpecifier(fromFile: string, toFile: string): string {
  const path = relative(dirname(fromFile), toFile)
    .replaceAll('\\', '/')
    .replace(/\.([cm]?)tsx?$/, '.$1js');
  return path.startsWith('.') ? path : `./${path}`;
}
