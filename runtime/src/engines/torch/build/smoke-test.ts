import { PLError } from '../../../errors/pl-error.js';
import { type BuildLog, runCommand } from './run-command.js';

/** Making a GPU ready can take this long. */
const TIMEOUT_MS = 120_000;

const PROGRAM = `
const addon = require(process.argv[1]);
if (addon.smoke() !== true) throw new Error('smoke() did not return true');
console.log('devices ' + JSON.stringify(addon.devices()));
`;

/**
 * Loads an addon in a process of its own and has it multiply two small matrices.
 *
 * @returns the devices that it can use
 * @throws PLError PL6024
 */
export async function smokeTest(addon: string, log: BuildLog): Promise<string[]> {
  const result = await runCommand([process.execPath, '-e', PROGRAM, addon], { log, timeoutMs: TIMEOUT_MS });
  const devices = /^devices (.+)$/m.exec(result.output)?.[1];
  if (result.code === 0 && devices !== undefined) return JSON.parse(devices) as string[];
  const cause =
    result.signal === undefined
      ? (/^\w*Error: .*$/m.exec(result.output)?.[0] ?? `exit code ${result.code}`)
      : `the process ended with ${result.signal}`;
  throw new PLError('PL6024', 'The torch engine was compiled, but does not work:', {
    hint: `${cause}\nEverything that it said: ${log.path}`,
  });
}
