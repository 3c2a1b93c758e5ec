import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.test.support.js';
import { type ProcessOutcome, runCommand } from './run-command.test.support.js';

/** What a rank reports that ended with an error: how long after it had joined. */
export interface RankError {
  code: string;
  message: string;
  seconds: number;
}

const library = bundle(
  'ranks',
  `
    export * as tf from '../tf.js';
    export { LocalProcessGroup } from './local/local-process-group.js';
  `,
);
/** What the programs of processes begin with: `tf` and `LocalProcessGroup`. */
export const imports = `import { LocalProcessGroup, tf } from ${JSON.stringify(pathToFileURL(library).href)};`;

let runs = 0;

/**
 * Runs a program in as many processes as there are ranks, which meet in a LocalProcessGroup. The program sees `group`,
 * `rank`, `worldSize`, `tf` and `report(value)`; what it throws is told to the others.
 */
export function runRanks(
  worldSize: number,
  program: string,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<ProcessOutcome[]> {
  const key = `test-${process.pid}-${runs++}`;
  return Promise.all(
    Array.from({ length: worldSize }, (_, rank) =>
      runProcess(`
        ${imports}
        const [rank, worldSize] = [${rank}, ${worldSize}];
        const report = (value) => console.log(JSON.stringify(value));
        const group = await LocalProcessGroup.join({ rank, worldSize, key: '${key}', timeoutMs: ${timeoutMs}, joinTimeoutMs: 100_000 });
        const joinedAt = performance.now();
        try {
          ${program}
          group.close();
        } catch (error) {
          group.fail(error);
          report({ code: error.code, message: error.message, seconds: (performance.now() - joinedAt) / 1000 });
          process.exitCode = 1;
        }
      `),
    ),
  );
}

/** Runs a module's text in a process of its own. */
export function runProcess(program: string): Promise<ProcessOutcome> {
  return runCommand([process.execPath, '--input-type=module', '--eval', program]);
}
