import { Worker } from 'node:worker_threads';
import { LAUNCHER_PID } from './children.js';

const WATCH_INTERVAL_MS = 500;

let prepared = false;

/** Whether a trainer in another process started this one. */
export function wasLaunched(): boolean {
  return Number(process.env[LAUNCHER_PID]) > 0;
}

/** What a process does that a trainer started: its errors carry its rank, and it does not outlive that trainer. */
export function behaveAsLaunched(rank: number): void {
  if (prepared) return;
  prepared = true;
  markErrors(rank);
  followLauncher(Number(process.env[LAUNCHER_PID]));
}

function markErrors(rank: number): void {
  const mark = `[rank ${rank}] `;
  const write = process.stderr.write.bind(process.stderr);
  let atLineStart = true;
  process.stderr.write = ((chunk: string | Uint8Array, ...rest: []) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const marked = text.replace(/^(?=[^\n])/gm, (_, at: number) => (at > 0 || atLineStart ? mark : ''));
    atLineStart = text.endsWith('\n');
    return write(marked, ...rest);
  }) as typeof process.stderr.write;
  // Node writes the error itself past this stream.
  process.on('uncaughtExceptionMonitor', () =>
    process.stderr.write('ended with an error that nobody caught:\n'),
  );
}

/** From a thread of its own, so that a hanging process ends as well. */
function followLauncher(launcher: number): void {
  const watch = `
    setInterval(() => {
      if (process.ppid !== ${launcher}) process.kill(process.pid, 'SIGKILL');
    }, ${WATCH_INTERVAL_MS});
  `;
  new Worker(watch, { eval: true, execArgv: [] }).unref();
}
