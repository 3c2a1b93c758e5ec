import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A suffix of the mangled name of c10::Error's constructor, where it takes a string of the ABI from before C++11. */
const OLD_ABI_SYMBOL = 'SourceLocationESs';

/**
 * Which ABI of libstdc++ a libtorch was compiled with: as its CMake configuration says, else as its symbols do.
 */
export function usesCxx11Abi(root: string, libraryFolder: string): boolean {
  for (const folder of [join(root, 'share'), libraryFolder]) {
    const config = join(folder, 'cmake/Torch/TorchConfig.cmake');
    if (!existsSync(config)) continue;
    const flag = /-D_GLIBCXX_USE_CXX11_ABI=([01])/.exec(readFileSync(config, 'utf8'))?.[1];
    if (flag !== undefined) return flag === '1';
  }
  const library = join(libraryFolder, 'libc10.so');
  return !existsSync(library) || !readFileSync(library).includes(OLD_ABI_SYMBOL);
}
