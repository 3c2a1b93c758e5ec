import type { Analysis } from '../analysis.js';
import { RUNTIME } from '../discovery/runtime-package.js';
import { compiledClasses, instanceType, prefixOf } from './compiled-class.js';
import { BANNER, type GeneratedFile } from './generated-file.js';
import { Imports } from './imports.js';

/** `hooks.ts`: for each class the table from hooks to methods. */
export function hooksFile(path: string, analysis: Analysis): GeneratedFile {
  const imports = new Imports(path);
  const tables = compiledClasses(analysis)
    .filter(({ source }) => source.hooks.size > 0)
    .map((compiled) => {
      const { source, imported } = compiled;
      const prefix = prefixOf(compiled);
      const name = imports.value(imported);
      const table = imports.type({ name: 'HookTable', from: RUNTIME });
      const register = imports.value({ name: 'registerCompiled', from: RUNTIME });
      const rows = Array.from(source.hooks, ([hook, method]) => `  ${hook}: '${method}',\n`).join('');
      return (
        `export const ${prefix}Hooks = {\n${rows}} as const satisfies ${table}<${instanceType(source, name)}>;\n\n` +
        `${register}(${name}, { hooks: ${prefix}Hooks });\n`
      );
    });
  if (tables.length === 0) return { path, text: `${BANNER}\nexport {};\n` };
  return { path, text: `${BANNER}\n${imports}\n${tables.join('\n')}` };
}
