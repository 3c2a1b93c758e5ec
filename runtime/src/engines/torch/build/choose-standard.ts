import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilerFailure } from './compiler-failure.js';
import type { Compiler } from './find-compiler.js';
import { CPP_STANDARDS, type CppStandard, compileFlags, type Recipe } from './recipe.js';
import { type BuildLog, runCommand } from './run-command.js';

/**
 * The oldest C++ standard that a libtorch's headers accept: they refuse an older one in their first lines, which a run
 * of the preprocessor finds. It also finds headers that are missing.
 *
 * @param folder for a source of one line
 * @throws PLError PL6022 when no standard that the compiler knows will do
 */
export async function chooseStandard(
  compiler: Compiler,
  recipe: Omit<Recipe, 'standard'>,
  { folder, log }: { folder: string; log: BuildLog },
): Promise<CppStandard> {
  const probe = join(folder, 'standard.cc');
  writeFileSync(probe, '#include <ATen/ATen.h>\n');
  for (const standard of CPP_STANDARDS) {
    const flags = [...compileFlags({ ...recipe, standard }), '-E', '-Wfatal-errors', '-o', '/dev/null'];
    const result = await runCommand([...compiler.command, ...flags, probe], { log });
    if (result.code === 0) return standard;
    const wantsNewer = /C\+\+\d\d or later/.test(result.output) && standard !== CPP_STANDARDS.at(-1);
    if (!wantsNewer)
      throw compilerFailure(`read the headers of libtorch ${recipe.libtorch.version}`, result, log.path);
  }
  throw new Error('there is no standard to choose from');
}
