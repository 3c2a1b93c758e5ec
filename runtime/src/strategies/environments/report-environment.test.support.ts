import { detectEnvironment } from './detect.js';

const environment = detectEnvironment();
// One write, so that lines of several processes do not mix.
process.stdout.write(`${JSON.stringify({ pid: process.pid, ...environment })}\n`);
if (process.env.FAIL_BEFORE_RESTART === '1' && environment.restartCount === 0) process.exitCode = 1;
