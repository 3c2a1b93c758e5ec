import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTsconfig } from '../discovery/open-project.js';
import { resolveFrom } from '../discovery/runtime-package.js';
import { CommandError } from './command-error.js';
import { generate } from './generate.js';

export interface BuildOptions {
  readonly project: string;
  readonly watch?: boolean;
}

/** `pl build`: generates, then runs the project's own TypeScript compiler. Gives the exit code. */
export async function build({ project, watch = false }: BuildOptions): Promise<number> {
  const tsconfig = findTsconfig(project);
  const compiler = findCompiler(dirname(tsconfig));
  if (watch) {
    const { watch: generateAlways } = await import('./watch.js');
    generateAlways(tsconfig);
    return run(compiler, ['-p', tsconfig, '--watch', '--preserveWatchOutput']);
  }
  const code = generate({ project: tsconfig });
  return code === 0 ? run(compiler, ['-p', tsconfig]) : code;
}

/** The `tsc` of the `typescript` that a project has installed, whatever its version. */
function findCompiler(root: string): string {
  const manifest = resolveFrom(root, 'typescript/package.json');
  if (manifest === undefined) {
    throw new CommandError(
      'PL1906',
      `TypeScript is not installed in ${root}.`,
      'Run: npm install --save-dev typescript',
    );
  }
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { tsc: string } };
  return join(dirname(manifest), bin.tsc);
}

/** Runs the compiler as long as it takes; what ends `pl` ends it, too. */
function run(script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const compiler = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        compiler.kill(signal);
        process.exit(1);
      });
    }
    compiler.on('error', reject).on('exit', (code) => resolve(code ?? 1));
  });
}
