import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * A program in this folder as one file, which starts in a fraction of the time that its modules take one by one. It lies
 * where the compiled runtime does, from where it finds packages, until the test file that asked for it is through.
 *
 * @param contents its text in TypeScript
 */
export function bundle(name: string, contents: string): string {
  const outfile = join(folder, `../../dist/strategies/${name}-${process.pid}.test.mjs`);
  buildSync({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    outfile,
    tsconfig: join(folder, '../../tsconfig.json'),
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external' },
  });
  afterAll(() => rmSync(outfile, { force: true }));
  return outfile;
}
