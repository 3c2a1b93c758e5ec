import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Libtorch } from '../libtorch/libtorch.js';
import type { Compiler } from './find-compiler.js';
import { compileFlags, linkFlags } from './recipe.js';
import { type BuildLog, runCommand } from './run-command.js';

/** Uses a class without its header, so that it costs no time. */
const program = (name: string) => `
namespace c10d { struct ${name} { ~${name}(); }; }
void destroy(c10d::${name}* group) { group->~${name}(); }
int main() {}
`;

/**
 * Which of the process groups that a libtorch has headers for are in its libraries: it may have been built without them.
 *
 * @param folder for a source and a program
 * @returns the libtorch, without what is not there
 */
export async function probeC10d(
  compiler: Compiler,
  libtorch: Libtorch,
  { folder, log }: { folder: string; log: BuildLog },
): Promise<Libtorch> {
  if (!libtorch.c10d) return libtorch;
  const recipe = { libtorch, standard: 'c++17', userFlags: { compile: [], link: [] } } as const;
  const has = async (name: string) => {
    const source = join(folder, `${name}.cc`);
    writeFileSync(source, program(name));
    const link = linkFlags(recipe).filter(
      (flag) => !['-shared', '-bundle', '-undefined', 'dynamic_lookup'].includes(flag),
    );
    const unresolved = process.platform === 'linux' ? ['-Wl,--allow-shlib-undefined'] : [];
    const flags = [...compileFlags(recipe), source, ...link, ...unresolved, '-o', join(folder, name)];
    return (await runCommand([...compiler.command, ...flags], { log })).code === 0;
  };
  const { ncclIncludeFolders, ...without } = libtorch;
  if (!(await has('ProcessGroupGloo'))) return { ...without, c10d: false };
  if (ncclIncludeFolders === undefined || !(await has('ProcessGroupNCCL'))) return without;
  return libtorch;
}
