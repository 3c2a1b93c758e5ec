import {
  Alias,
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { ConfigDefinition, Setting } from './definition.js';
import type { Origin } from './origin.js';
import type { ConfigProblem } from './problem.js';
import type { SettingValue } from './setting-value.js';
import { shown } from './shown.js';
import { didYouMean } from './suggest.js';

/**
 * Settings from the text of a configuration file, YAML or JSON (which YAML 1.2 contains). Every problem has the line
 * and column of what is wrong. `file` is the name that messages use.
 */
export function readConfigText(
  text: string,
  file: string,
  definition: ConfigDefinition,
): { values: SettingValue[]; problems: ConfigProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { kind: 'file', file, line, column: col };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error): ConfigProblem => ({
        code: 'PL2005',
        message: sentence(error.message),
        origin: at(error.pos[0]),
      }),
    );
    return { values: [], problems };
  }
  const reader = new ConfigReader(document, definition.settings, at);
  reader.readRoot();
  return reader;
}

class ConfigReader {
  readonly values: SettingValue[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly #settings: ReadonlyMap<string, Setting>;
  readonly #groups: ReadonlySet<string>;

  constructor(
    readonly document: Document.Parsed,
    settings: readonly Setting[],
    readonly at: (offset: number) => Origin,
  ) {
    this.#settings = new Map(settings.map((setting) => [setting.path, setting]));
    this.#groups = new Set(settings.flatMap(({ path }) => groupsAbove(path)));
  }

  readRoot(): void {
    const root = this.document.contents;
    if (root !== null) this.#readGroup(root, '', this.at(0));
  }

  #readGroup(node: Node, path: string, keyOrigin: Origin): void {
    const group = node instanceof Alias ? node.resolve(this.document) : node;
    if (isMap(group)) {
      for (const pair of group.items) this.#readPair(pair as Pair<Node, Node | null>, path);
    } else if (!(isScalar(group) && group.value === null)) {
      const where = path === '' ? 'a configuration file' : path;
      const message = `${where} has settings of its own: wanted \`name: value\` lines, got ${shown(group?.toJS(this.document))}`;
      this.problems.push({ code: 'PL2006', message, origin: this.#origin(node) ?? keyOrigin });
    }
  }

  #readPair({ key, value }: Pair<Node, Node | null>, group: string): void {
    const name = isScalar(key) ? String(key.value) : key.toString();
    const path = group === '' ? name : `${group}.${name}`;
    const origin = this.#origin(key) ?? this.at(0);
    const setting = this.#settings.get(path);
    if (setting !== undefined) {
      const read: unknown = value?.toJS(this.document) ?? null;
      this.values.push({ setting, value: read, origin: (value && this.#origin(value)) ?? origin });
    } else if (this.#groups.has(path)) {
      if (value !== null) this.#readGroup(value, path, origin);
    } else if (path !== '$schema') {
      this.problems.push({ code: 'PL2004', message: this.#unknown(path, group, name), origin });
    }
  }

  #unknown(path: string, group: string, name: string): string {
    const prefix = group === '' ? '' : `${group}.`;
    const siblings = [...this.#settings.keys(), ...this.#groups]
      .filter((known) => known.startsWith(prefix) && !known.slice(prefix.length).includes('.'))
      .map((known) => known.slice(prefix.length));
    const near = didYouMean(name, siblings);
    if (near) return `no setting ${path}.${near}`;
    // Right name, wrong group.
    const elsewhere = [...this.#settings.keys()].find(
      (known) => known === name || known.endsWith(`.${name}`),
    );
    return `no setting ${path}.${elsewhere === undefined ? '' : ` Did you mean ${elsewhere}, under ${elsewhere.split('.')[0]}:?`}`;
  }

  #origin(node: Node): Origin | undefined {
    return node.range ? this.at(node.range[0]) : undefined;
  }
}

function groupsAbove(path: string): string[] {
  const names = path.split('.').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('.'));
}

function sentence(message: string): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
