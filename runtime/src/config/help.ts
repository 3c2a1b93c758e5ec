import type { ConfigDefinition, Setting } from './definition.js';
import { groupSchema } from './settings.js';

const SOURCES = `Settings come from, weakest first: their default; --config files (YAML or JSON; config.yaml, config.yml or \
config.json of the working directory when no --config is given); .env of the working directory; environment variables; \
flags; values in the program's code. An empty variable is no value. Values are written as in JSON or Python: 3, 1e-3, \
true, None, [1, 2], {"a": 1}; anything else is text.`;

/** The part of `--help` that lists every setting, group by group, at most `width` characters wide. */
export function helpText({ schema, settings }: ConfigDefinition, width: number): string {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const group = setting.path.includes('.') ? setting.path.slice(0, setting.path.indexOf('.')) : '';
    groups.set(group, [...(groups.get(group) ?? []), setting]);
  }
  const sections = [...groups].map(([group, members]) => {
    const described = group === '' ? 'General' : group;
    const text = groupSchema(schema, group)?.description;
    const title =
      group === '' || !text ? [described] : wrap(`${described}: ${firstSentence(text)}`, width, 0, 2);
    return [...title, ...members.flatMap((setting) => describeSetting(setting, width))].join('\n');
  });
  return [...wrap(SOURCES, width, 0, 0), '', sections.join('\n\n')].join('\n');
}

function describeSetting(setting: Setting, width: number): string[] {
  const value = setting.default === undefined ? 'required' : `default ${JSON.stringify(setting.default)}`;
  const deprecated = setting.schema.deprecated ? 'Deprecated. ' : '';
  return [
    ...wrap(`${setting.flag} <${setting.type}>`, width, 2, 6),
    ...wrap(`${value}; ${setting.env}`, width, 6, 6),
    ...(setting.description === '' ? [] : wrap(deprecated + setting.description, width, 6, 6)),
  ];
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
}

/** Lines of whole words; a word that is longer than the line stays whole. */
function wrap(text: string, width: number, indent: number, hanging: number): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  let empty = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(hanging);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return empty ? lines : [...lines, line];
}
