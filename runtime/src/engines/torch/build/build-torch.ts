import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLError } from '../../../errors/pl-error.js';
import { findLibtorch } from '../libtorch/find-libtorch.js';
import { describeLibtorch, describeMissing, type Libtorch, libtorchAdvice } from '../libtorch/libtorch.js';
import { withLock } from './build-lock.js';
import { addonIn, type BuiltAddon, findBuiltAddon, recordAddon, touchAddon } from './built-addon.js';
import { type CachePaths, cachePaths, makeCache, pruneCache } from './cache.js';
import { chooseStandard } from './choose-standard.js';
import { compileSources, usualJobs } from './compile-sources.js';
import { compilerFailure } from './compiler-failure.js';
import { type Compiler, findCompiler } from './find-compiler.js';
import { type NativeSources, nativeSources } from './native-sources.js';
import { probeC10d } from './probe-c10d.js';
import { addonName, linkFlags, type Recipe, userFlags } from './recipe.js';
import { BuildLog, runCommand } from './run-command.js';
import { smokeTest } from './smoke-test.js';

export interface TorchBuildOptions {
  /** Compiles everything again, although it is there. Default false. */
  force?: boolean;
  /** Shows commands and what they say on stderr. Default false. */
  verbose?: boolean;
  /** Compilers at once. Default: one per core, fewer where they would not fit into the memory. */
  jobs?: number;
  /** Is told what was done, a line per phase. */
  onPhase?: OnPhase;
  /** Default: those of this package. */
  sources?: NativeSources;
  /** Default: the user's cache. */
  paths?: CachePaths;
}

type OnPhase = (line: string) => void;

/**
 * Compiles the torch engine against the libtorch of this machine and proves that it computes. It is then in the user's
 * cache, where `selectEngine` finds it. Does nothing when it is there already.
 *
 * @throws PLError PL6020 (no libtorch), PL6021 (no compiler), PL6022 (it does not compile), PL6023 (the cache cannot be
 * written), PL6024 (it does not work), PL6025 (not on this system)
 */
export async function buildTorch(options: TorchBuildOptions = {}): Promise<BuiltAddon> {
  const { sources = nativeSources(), paths = cachePaths(), onPhase = () => {} } = options;
  const libtorch = requireLibtorch();
  onPhase(describeLibtorch(libtorch));
  try {
    makeCache(paths);
    const onWait = () => onPhase('waiting for another build');
    return await withLock(paths.lock, onWait, async () => {
      const request = { sources, libtorch, userFlags: userFlags() };
      const built = options.force ? undefined : findBuilt(request, paths);
      if (built === undefined) return await build(request, paths, { ...options, onPhase });
      touchAddon(built);
      onPhase('built already');
      return built;
    });
  } catch (error) {
    throw asCacheProblem(error, paths) ?? error;
  }
}

function requireLibtorch(): Libtorch {
  if (process.platform === 'win32') {
    throw new PLError('PL6025', 'The torch engine cannot be compiled on Windows.', {
      hint: 'Set trainer.engine to ort or tensorflow, or use the Windows Subsystem for Linux.',
    });
  }
  const { libtorch, unusable } = findLibtorch();
  if (libtorch !== undefined) return libtorch;
  throw new PLError('PL6020', `The torch engine needs libtorch, and ${describeMissing(unusable)}.`, {
    hint: libtorchAdvice(unusable),
  });
}

/** What to build. */
interface Request extends Omit<Recipe, 'standard'> {
  sources: NativeSources;
}

function findBuilt({ sources, libtorch, userFlags }: Request, paths: CachePaths): BuiltAddon | undefined {
  return findBuiltAddon(
    paths,
    sources,
    (recipe) =>
      recipe.libtorch.root === libtorch.root &&
      JSON.stringify(recipe.userFlags) === JSON.stringify(userFlags),
  );
}

async function build(
  { sources, libtorch: found, userFlags }: Request,
  paths: CachePaths,
  { force = false, verbose = false, jobs = usualJobs(), onPhase }: TorchBuildOptions & { onPhase: OnPhase },
): Promise<BuiltAddon> {
  writeFileSync(paths.log, '');
  const log = new BuildLog(paths.log, verbose);
  const compiler = findCompiler();
  const folder = mkdtempSync(join(paths.temporary, 'build-'));
  const result = join(folder, 'result');
  try {
    const standard = await chooseStandard(compiler, { libtorch: found, userFlags }, { folder, log });
    const libtorch = await probeC10d(compiler, found, { folder, log });
    const recipe = { libtorch, standard, userFlags };
    onPhase(`${compiler.identity}, ${standard.replace('c', 'C')}, ${jobs === 1 ? '1 job' : `${jobs} jobs`}`);
    if (!libtorch.c10d) onPhase('without c10d: processes can exchange values on one host only');
    const clock = stopwatch();
    const { objects, compiled } = await compileSources({
      compiler,
      recipe,
      sources,
      paths,
      folder,
      log,
      jobs,
      force,
    });
    onPhase(`compiled ${compiled} of ${objects.length} sources: ${clock()}`);
    mkdirSync(result);
    await link(addonIn(result), objects, { compiler, recipe, log });
    onPhase(`linked: ${clock()}`);
    const devices = await smokeTest(addonIn(result), log);
    onPhase(`tested on ${devices.join(', ')}: ${clock()}`);
    recordAddon(result, recipe, devices);
    const place = join(paths.addons, addonName(sources, recipe));
    rmSync(place, { recursive: true, force: true });
    renameSync(result, place);
    pruneCache(paths);
    return { path: addonIn(place), recipe, devices };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function link(
  addon: string,
  objects: readonly string[],
  { compiler, recipe, log }: { compiler: Compiler; recipe: Recipe; log: BuildLog },
): Promise<void> {
  const command = [...compiler.command, ...objects, '-o', addon, ...linkFlags(recipe)];
  const result = await runCommand(command, { log });
  if (result.code !== 0) throw compilerFailure('link the torch engine', result, log.path);
}

/** Gives the seconds since it was last asked. */
function stopwatch(): () => string {
  let last = performance.now();
  return () => {
    const seconds = (performance.now() - last) / 1000;
    last = performance.now();
    return `${seconds.toFixed(1)} s`;
  };
}

/** A system call that failed in the cache; programs that could not be started are none. */
function asCacheProblem(error: unknown, { root }: CachePaths): PLError | undefined {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined || syscall.startsWith('spawn')) return undefined;
  return new PLError('PL6023', `The folder for builds, ${root}, cannot be written: ${message}.`, {
    hint: 'Make it writable, or set XDG_CACHE_HOME to a folder that is, with 300 megabytes of room.',
    cause: error,
  });
}
