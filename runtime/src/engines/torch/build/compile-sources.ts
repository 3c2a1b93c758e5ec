import { createHash } from 'node:crypto';
import { existsSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { join } from 'node:path';
import type { CachePaths } from './cache.js';
import { compilerFailure } from './compiler-failure.js';
import type { Compiler } from './find-compiler.js';
import type { NativeSources } from './native-sources.js';
import { compileFlags, includeFlags, type Recipe } from './recipe.js';
import { type BuildLog, runCommand } from './run-command.js';

/** Roughly what one compiler at work on the headers of ATen takes. */
const BYTES_PER_JOB = 1e9;

/** From this many sources per compiler on, the seconds for a precompiled header come back. */
const PRECOMPILE_ABOVE = 3;

export interface Compilation {
  compiler: Compiler;
  recipe: Recipe;
  sources: NativeSources;
  paths: CachePaths;
  /** For what is of no use after the build. */
  folder: string;
  log: BuildLog;
  /** Compilers at once. */
  jobs: number;
  /** Compiles also what is in the cache. */
  force: boolean;
}

/** As many compilers as there are cores, where the memory allows. */
export function usualJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_JOB)));
}

/**
 * Compiles the sources, several at once, except those whose object file is in the cache.
 *
 * @returns the object files, and how many of them are new
 * @throws PLError PL6022, PL6023 for the first that fails; the others are ended
 */
export async function compileSources(
  compilation: Compilation,
): Promise<{ objects: string[]; compiled: number }> {
  const { sources, jobs, force } = compilation;
  const objects = sources.files.map((file) => objectPath(file, compilation));
  const waiting = sources.files.map((file, i) => ({ file, object: objects[i]! }));
  const stale = waiting.filter(({ object }) => force || !reuse(object));
  const compiled = stale.length;
  const prelude = compiled > PRECOMPILE_ABOVE * jobs ? await precompile(compilation) : [];
  const stop = new AbortController();
  const work = async () => {
    for (let next = stale.shift(); next !== undefined && !stop.signal.aborted; next = stale.shift()) {
      await compile(next.file, next.object, prelude, compilation, stop.signal).catch((problem) => {
        stop.abort(problem);
        throw problem;
      });
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(jobs, compiled) }, work));
  if (workers.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
  return { objects, compiled };
}

/** Named by all that decides what is in it. */
function objectPath(file: string, { compiler, recipe, sources, paths }: Compilation): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([compiler.identity, recipe.libtorch.fingerprint, compileFlags(recipe)]));
  hash.update(sources.hashOf(file));
  return join(paths.objects, `${hash.digest('hex').slice(0, 32)}.o`);
}

/** Whether it is there; if so, it counts as used today. */
function reuse(object: string): boolean {
  if (!existsSync(object)) return false;
  utimesSync(object, new Date(), new Date());
  return true;
}

/**
 * Compiles ATen's headers once for all sources, into hundreds of megabytes that go with the build.
 *
 * @returns the arguments that make a compiler use it; none when the compiler cannot do that
 */
async function precompile({ compiler, recipe, folder, log }: Compilation): Promise<string[]> {
  const header = join(folder, 'aten.h');
  writeFileSync(header, '#include <ATen/ATen.h>\n');
  const output = `${header}.${/clang/i.test(compiler.identity) ? 'pch' : 'gch'}`;
  const flags = [...compileFlags(recipe), '-x', 'c++-header', header, '-o', output];
  const { code } = await runCommand([...compiler.command, ...flags], { log });
  return code === 0 ? ['-include', header] : [];
}

async function compile(
  file: string,
  object: string,
  prelude: readonly string[],
  compilation: Compilation,
  stop: AbortSignal,
): Promise<void> {
  const { compiler, recipe, sources, paths, log } = compilation;
  const unfinished = join(paths.temporary, `${process.pid}-${file.replaceAll('/', '-')}.o`);
  const folders = [...includeFlags(sources.nodeHeaders), '-I.', '-idirafter', 'distributed/gloo_names'];
  const flags = [...prelude, ...compileFlags(recipe), ...folders];
  const command = [...compiler.command, ...flags, '-c', file, '-o', unfinished];
  const result = await runCommand(command, { cwd: sources.root, log, stop });
  if (result.code !== 0) throw compilerFailure(`compile ${file}`, result, log.path);
  renameSync(unfinished, object);
}
