import type { TorchBuildOptions } from '@pl-ts/runtime';

/** `pl engine build`: a line per phase on stdout. Gives the exit code. */
export async function buildEngine(options: TorchBuildOptions): Promise<number> {
  const { buildTorch, PLError } = await import('@pl-ts/runtime');
  try {
    const { path } = await buildTorch({ ...options, onPhase: (line) => console.log(line) });
    console.log(path);
    return 0;
  } catch (error) {
    if (!(error instanceof PLError)) throw error;
    console.error(error.format());
    return 1;
  }
}
