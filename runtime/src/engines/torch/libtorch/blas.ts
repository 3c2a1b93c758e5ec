import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Libtorch } from './libtorch.js';

/**
 * Debian's libtorch multiplies matrices with whatever `libblas.so.3` the system is set to. The reference one does it
 * thirty times slower than OpenBLAS. Undefined when there is nothing to advise.
 */
export function blasAdvice({ libraryFolder }: Libtorch): string | undefined {
  const blas = join(libraryFolder, 'libblas.so.3');
  if (!existsSync(blas) || /openblas|mkl|blis|atlas/i.test(realpathSync(blas))) return undefined;
  return 'for matrix products thirty times as fast: apt-get install libopenblas0-pthread';
}
