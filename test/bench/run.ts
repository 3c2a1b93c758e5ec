/** `npm run bench -- <name>` runs `test/bench/<name>.ts`: a table of ratios, and the same as JSON on the last line. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [name = '', ...args] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name}.ts`);

if (!/^[a-z]+$/.test(name) || name === 'run' || !existsSync(file)) {
  const names = readdirSync(import.meta.dirname)
    .filter((entry) => /^[a-z]+\.ts$/.test(entry) && entry !== 'run.ts')
    .map((entry) => entry.slice(0, -3));
  console.error(
    `${name ? `There is no benchmark '${name}'.` : 'Name a benchmark.'} There are: ${names.join(', ')}.`,
  );
  process.exit(2);
}

// Each benchmark reads its arguments as if it had been started by itself.
process.argv.splice(2, process.argv.length, ...args);
await import(file);
