import { Document, isCollection, type YAMLMap } from 'yaml';
import type { ConfigDefinition } from './definition.js';
import { describeOrigin } from './origin.js';
import type { ResolvedConfig } from './resolve.js';

/** A resolved configuration as YAML, with the origin of each value as a comment. Reading it back gives the same values. */
export function printConfig<Config>(
  { settings }: ConfigDefinition,
  resolved: ResolvedConfig<Config>,
): string {
  const document = new Document({});
  for (const { path } of settings) {
    const names = path.split('.');
    const node = document.createNode(valueAt(resolved.config, names));
    const origin = ` ${describeOrigin(resolved.origins.get(path) ?? { kind: 'default' })}`;
    if (isCollection(node)) node.flow = true;
    node.comment = origin;
    document.setIn(names, node);
  }
  (document.contents as YAMLMap).flow = false;
  return document.toString({ lineWidth: 0 });
}

function valueAt(config: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((group, name) => (group as Record<string, unknown>)[name], config);
}
