/**
 * Runs tfjs-core's own conformance suite (about 4,230 specs, shipped in its npm package) on an engine.
 *
 *     npm run conformance -- ort             # the engines: ort, torch, cpu
 *     npm run conformance -- torch cuda:0    # on a device of libtorch
 *
 * `ort` runs twice: as it is, and with the size limits off, because the suite's tensors are small and would
 * otherwise rarely reach ONNX Runtime. Prints failures, closes with `N passed, N failed`.
 */

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { describeTorch, torchAdvice } from '../../runtime/src/engines/torch.js';
import { bundleSuite } from './bundle.js';

const ENGINES = ['ort', 'torch', 'cpu'] as const;

const [engine = 'ort', device = 'cpu'] = process.argv.slice(2);
if (!ENGINES.includes(engine as (typeof ENGINES)[number])) {
  console.error(`Unknown engine '${engine}'. Engines: ${ENGINES.join(', ')}.`);
  process.exit(2);
}

interface SpecResult {
  fullName: string;
  status: 'passed' | 'failed' | 'pending' | 'excluded';
  failedExpectations: { message: string }[];
}

interface JasmineRunner {
  exitOnCompletion: boolean;
  env: { clearReporters(): void; addReporter(reporter: object): void; configure(options: object): void };
  addSpecFile(path: string): void;
  execute(): Promise<unknown>;
}

const Jasmine = createRequire(import.meta.url)('jasmine') as new () => JasmineRunner;

const counts = { passed: 0, failed: 0, pending: 0, excluded: 0 };

function report(result: SpecResult): void {
  counts[result.status]++;
  if (result.status !== 'failed') return;
  const [first] = result.failedExpectations;
  console.log(`FAILED ${result.fullName}\n       ${first?.message.split('\n', 1)[0]}`);
}

if (engine === 'torch') {
  const torch = loadTorchAddon({ askPython: true });
  if (torch.state !== 'loaded') {
    console.error(`The engine cannot run: ${describeTorch(torch)}. What helps: ${torchAdvice(torch)}.`);
    process.exit(2);
  }
  if (!torch.addon.devices().includes(device)) {
    console.error(`There is no device '${device}': ${describeTorch(torch)}.`);
    process.exit(2);
  }
  process.env.CONFORMANCE_ADDON = torch.path;
  process.env.CONFORMANCE_DEVICE = device;
}
process.env.CONFORMANCE_ENGINE = engine;
const started = performance.now();
const suite = await bundleSuite();

// The specs provoke warnings on purpose.
const { log } = console;
console.warn = () => {};
console.log = () => {};

const runner = new Jasmine();
runner.exitOnCompletion = false;
runner.env.clearReporters();
runner.env.configure({ random: false });
runner.env.addReporter({
  specDone: (result: SpecResult) => {
    console.log = log;
    report(result);
    console.log = () => {};
  },
  // Failures outside of a spec: an error while loading, in beforeAll or in afterAll.
  suiteDone: (result: SpecResult) => {
    for (const { message } of result.failedExpectations) {
      counts.failed++;
      log(`FAILED ${result.fullName}\n       ${message}`);
    }
  },
  jasmineDone: (result: SpecResult) => {
    for (const { message } of result.failedExpectations) {
      counts.failed++;
      log(`FAILED to load\n       ${message}`);
    }
  },
});
runner.addSpecFile(suite);
await runner.execute();
rmSync(suite);
console.log = log;

const seconds = ((performance.now() - started) / 1000).toFixed(1);
if (counts.passed === 0) counts.failed++;
log(`${engine}: ${counts.pending} pending, ${seconds} s`);
log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);
