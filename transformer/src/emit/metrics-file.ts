import type { Analysis } from '../analysis.js';
import type { MetricUnion } from '../discovery/logged-metrics.js';
import { RUNTIME } from '../discovery/runtime-package.js';
import { compiledClasses } from './compiled-class.js';
import { BANNER, type GeneratedFile } from './generated-file.js';

const LONGEST_UNION = 80;

/** `metrics.ts`: the names that modules log; they become the type of `monitor`. */
export function metricsFile(path: string, analysis: Analysis): GeneratedFile {
  const { metrics } = analysis;
  const types = compiledClasses(analysis)
    .filter(({ source }) => source.kind === 'module')
    .map(({ source, imported: { localName } }) => {
      return `/** Metrics that ${source.name} logs. */\nexport type ${localName}Metric =${unionText(metrics.of(source))};\n`;
    });
  const { names: logged, open, perLoader } = metrics.all;
  const names = [
    ...logged.map(propertyName),
    ...(perLoader && !open ? logged.map((name) => `[name: ${ofLoader(name)}]`) : []),
    ...(open ? ['[name: string]'] : []),
  ];
  const members = names.map((name) => `    ${name}: true;\n`).join('');
  const augmentation =
    members === '' ? '' : `declare module '${RUNTIME}' {\n  interface MetricNames {\n${members}  }\n}\n`;
  const parts = [...types, augmentation].filter((part) => part !== '');
  return { path, text: [`${BANNER}\n${types.length === 0 ? 'export {};\n' : ''}`, ...parts].join('\n') };
}

function unionText({ names, open, perLoader }: MetricUnion): string {
  if (open) return ' string';
  const texts = [...names.map(quoted), ...(perLoader ? names.map(ofLoader) : [])];
  if (texts.length === 0) return ' never';
  const line = texts.join(' | ');
  return line.length <= LONGEST_UNION ? ` ${line}` : texts.map((text) => `\n  | ${text}`).join('');
}

/** The type of a metric's names where there are several data loaders. */
function ofLoader(name: string): string {
  return `\`${name.replace(/[`\\$]/g, '\\$&')}/dataloader_idx_\${number}\``;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

function quoted(name: string): string {
  return `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
