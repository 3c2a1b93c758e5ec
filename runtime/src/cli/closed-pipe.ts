/**
 * Lets a program go on when the reader of its output has seen enough, as in `… --help | head`: without this the next
 * line would end it with a stack trace, a training run included.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    });
  }
}
