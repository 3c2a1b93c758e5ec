import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { askPython } from './ask-python.js';
import { inspectFolder } from './inspect-folder.js';
import type { Libtorch, LibtorchCandidate, UnusableLibtorch } from './libtorch.js';

export interface LibtorchSearch {
  env?: NodeJS.ProcessEnv;
  /** Where package managers and people put a libtorch. */
  folders?: readonly string[];
  /** Whether a Python may be started and asked for its torch; it can take most of a second. Default true. */
  askPython?: boolean;
}

export interface FoundLibtorch {
  /** The first that can be used. */
  libtorch?: Libtorch;
  /** What was looked at before it: places that have a libtorch which cannot be used. */
  unusable: UnusableLibtorch[];
}

/**
 * Finds the libtorch for the torch engine. `PL_LIBTORCH` alone decides where it is set; otherwise the first that can be
 * used of: the torch of the active Python environment, of `python3`, Debian's, an unpacked archive.
 */
export function findLibtorch(search: LibtorchSearch = {}): FoundLibtorch {
  const unusable: UnusableLibtorch[] = [];
  for (const candidate of candidates(search)) {
    if (candidate.state === 'usable') return { libtorch: candidate.libtorch, unusable };
    const { root, foundBy, problem } = candidate;
    unusable.push({ root, foundBy, problem });
  }
  return { unusable };
}

/** Lazy, because each costs more than the one before is likely to. */
function* candidates(search: LibtorchSearch): Generator<LibtorchCandidate> {
  const { env = process.env, folders = usualFolders(), askPython: mayAsk = true } = search;
  if (env.PL_LIBTORCH) {
    const root = resolve(env.PL_LIBTORCH);
    const problem = 'there is no libtorch in this folder';
    yield inspectFolder(root, 'PL_LIBTORCH') ?? { state: 'unusable', root, foundBy: 'PL_LIBTORCH', problem };
    return;
  }
  const seen = new Set<string>();
  for (const { folder, foundBy } of [...(mayAsk ? pythonPackages(env) : []), ...folders.map(itself)]) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    const candidate = inspectFolder(folder, foundBy);
    if (candidate !== undefined) yield candidate;
  }
}

function* pythonPackages(env: NodeJS.ProcessEnv): Generator<{ folder: string; foundBy: string }> {
  const environments = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter(
    (prefix) => prefix !== undefined && prefix !== '',
  );
  for (const python of [...environments.map((prefix) => join(prefix!, 'bin/python3')), 'python3']) {
    const folder = askPython(python);
    if (folder !== undefined) yield { folder, foundBy: python };
  }
}

function itself(folder: string): { folder: string; foundBy: string } {
  return { folder, foundBy: folder };
}

/** Debian's package first. */
function usualFolders(): string[] {
  return ['/usr', resolve('libtorch'), join(homedir(), 'libtorch'), '/opt/libtorch', '/usr/local'];
}
