import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Importing torch would take seconds. */
const WHERE_IS_TORCH = `
import sys
sys.path = [folder for folder in sys.path if folder]
from importlib.util import find_spec
spec = find_spec("torch")
print(spec.origin or "" if spec else "", end="")
`;
const TIMEOUT_MS = 10_000;

const answers = new Map<string, string | undefined>();

/** The folder of the torch package that a Python would import; undefined without one. Asks each Python once. */
export function askPython(python: string): string | undefined {
  if (!answers.has(python)) answers.set(python, ask(python));
  return answers.get(python);
}

function ask(python: string): string | undefined {
  const { stdout } = spawnSync(python, ['-c', WHERE_IS_TORCH], { encoding: 'utf8', timeout: TIMEOUT_MS });
  return stdout ? installedUnder(dirname(stdout)) : undefined;
}

/** Distributions keep libraries and headers in a prefix of their own, and links in the Python package. */
function installedUnder(torchPackage: string): string {
  const library = join(torchPackage, 'lib/libtorch_cpu.so');
  if (!existsSync(library)) return torchPackage;
  const folder = dirname(realpathSync(library));
  if (folder.startsWith(realpathSync(torchPackage))) return torchPackage;
  const prefix = /^(.+)\/lib(64)?(\/[^/]+-linux-gnu[^/]*)?$/.exec(folder)?.[1];
  return prefix !== undefined && existsSync(join(prefix, 'include/ATen')) ? prefix : torchPackage;
}
