import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What c10d's header of NCCL includes from elsewhere. */
const HEADERS = ['nccl.h', 'cuda_runtime_api.h', 'cublas_v2.h', 'cusparse.h', 'cusolverDn.h'];

/**
 * The folders with the headers of NCCL and CUDA that compiling against c10d's NCCL takes: a CUDA toolkit's, or those of the
 * Python packages that a torch package depends on. Undefined unless all are there.
 */
export function ncclHeaders(
  root: string,
  env: NodeJS.ProcessEnv = process.env,
): readonly string[] | undefined {
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, '/usr/local/cuda', '/usr'].filter(
    (folder) => folder !== undefined && folder !== '',
  );
  const folders = [...packagesBeside(root), ...toolkits.map((folder) => join(folder!, 'include'))];
  const found = HEADERS.map((header) => folders.find((folder) => existsSync(join(folder, header))));
  if (found.includes(undefined)) return undefined;
  return [...new Set(found as string[])];
}

/** `site-packages/nvidia/nccl/include` and its like, beside `site-packages/torch`. */
function packagesBeside(root: string): string[] {
  const packages = join(dirname(root), 'nvidia');
  if (!existsSync(packages)) return [];
  return readdirSync(packages).map((name) => join(packages, name, 'include'));
}
