import { detectEnvironment } from './detect.js';

// One write, so that lines of several processes do not mix.
process.stdout.write(`${JSON.stringify({ pid: process.pid, ...detectEnvironment() })}\n`);
