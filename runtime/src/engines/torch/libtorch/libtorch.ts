import { existsSync } from 'node:fs';

/** A libtorch on this machine that the torch engine can be compiled against. */
export interface Libtorch {
  /** An unpacked archive, a Python torch package, or a prefix such as /usr. */
  root: string;
  /** What led to it: `PL_LIBTORCH`, `/usr/bin/python3`, `/opt/libtorch`. */
  foundBy: string;
  /** As the library gives it, such as `1.13.0` or `2.14.0+cu132`. */
  version: string;
  /** What it computes on besides the CPU. */
  variant: 'cpu' | 'cuda' | 'rocm' | 'mps';
  includeFolders: readonly string[];
  libraryFolder: string;
  /** Whether it was compiled with libstdc++'s C++11 ABI, as everything that links to it must be. */
  cxx11Abi: boolean;
  /** Whether the headers of c10d's process groups are there, and as far as it was tried, the groups themselves. */
  c10d: boolean;
  /** Where NCCL's headers and those of CUDA are that c10d's need, if they are anywhere. */
  ncclIncludeFolders?: readonly string[];
  /** Changes when another library takes this one's place. */
  fingerprint: string;
}

/** A folder with something of a libtorch in it. */
export interface UnusableLibtorch {
  root: string;
  foundBy: string;
  problem: string;
}

export type LibtorchCandidate =
  | { state: 'usable'; libtorch: Libtorch }
  | ({ state: 'unusable' } & UnusableLibtorch);

const VARIANTS: Readonly<Record<Libtorch['variant'], string>> = {
  cpu: 'CPU',
  cuda: 'CUDA',
  rocm: 'ROCm',
  mps: 'MPS',
};

/** One line: `libtorch 2.14.0 (CUDA) in /opt/venv/lib/python3.12/site-packages/torch, found by python3`. */
export function describeLibtorch({ version, variant, root, foundBy }: Libtorch): string {
  const how = foundBy === root ? '' : `, found by ${foundBy}`;
  return `libtorch ${version} (${VARIANTS[variant]}) in ${root}${how}`;
}

/** What there is instead of a libtorch, as the end of a sentence. */
export function describeMissing(unusable: readonly UnusableLibtorch[]): string {
  if (unusable.length === 0) return 'none was found';
  return unusable.map(({ root, problem }) => `the one in ${root} cannot be used (${problem})`).join(', ');
}

/** What would bring a libtorch. */
export function libtorchAdvice(unusable: readonly UnusableLibtorch[]): string {
  if (unusable[0]?.foundBy === 'PL_LIBTORCH') {
    return 'Set PL_LIBTORCH to the folder of a libtorch that has include/ and lib/, or remove it from the environment.';
  }
  const debian = 'apt-get install libtorch-dev libopenblas0-pthread';
  const elsewhere = 'pip install torch, or unpack a libtorch archive and set PL_LIBTORCH to its folder';
  return existsSync('/etc/debian_version') ? `${debian} (or: ${elsewhere})` : elsewhere;
}
