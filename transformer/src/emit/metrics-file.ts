import type { Analysis } from '../analysis.js';
import type { MetricUnion } from '../discovery/logged-metrics.js';
import { RUNTIME } from '../discovery/runtime-package.js';
import { compiledClasses } from './compiled-class.js';
import { BANNER, type GeneratedFile } from './generated-file.js';

/** `metrics.ts`: the names that modules log; they become the type of `monitor`. */
export function metricsFile(path: string, analysis: Analysis): GeneratedFile {
  const { metrics } = analysis;
  const types = compiledClasses(analysis)
    .filter(({ source }) => source.kind === 'module')
    .map(({ source, imported }) => {
      const { localName = imported.name } = imported;
      return `/** Metrics that ${localName} logs. */\nexport type ${localName}Metric = ${unionText(metrics.of(source))};\n`;
    });
  const names = [...metrics.all.names, ...(metrics.all.open ? ['[name: string]'] : [])];
  const members = names.map((name) => `    ${propertyName(name)}: true;\n`).join('');
  const augmentation =
    members === '' ? '' : `declare module '${RUNTIME}' {\n  interface MetricNames {\n${members}  }\n}\n`;
  const parts = [...types, augmentation].filter((part) => part !== '');
  return { path, text: [`${BANNER}\n${types.length === 0 ? 'export {};\n' : ''}`, ...parts].join('\n') };
}

function unionText({ names, open }: MetricUnion): string {
  if (open) return 'string';
  return names.length === 0
    ? 'never'
    : names.map((name) => JSON.stringify(name).replace(/^"(.*)"$/, "'$1'")).join(' | ');
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) || name.startsWith('[') ? name : JSON.stringify(name);
}
