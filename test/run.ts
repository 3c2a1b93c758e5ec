/**
 * Everything that must pass: unit, reference and end-to-end tests (Vitest), then tfjs-core's conformance suite on the
 * embedded engine and, where it is built, on the torch engine. Closes with one line, `N passed, N failed`, and fails when anything did.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTorchAddon } from '../runtime/src/engines/torch/load-addon.js';
import { describeTorch } from '../runtime/src/engines/torch.js';

interface Result {
  passed: number;
  failed: number;
  skipped: number;
}

/** The parts of Vitest's JSON report that count. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));

const results = [await vitest(), await conformance('ort')];
const torch = loadTorchAddon();
if (torch.state === 'loaded') results.push(await conformance('torch'));
else console.log(`\nNo conformance of the engine torch: ${describeTorch(torch)}.`);
const sum = (key: keyof Result) => results.reduce((total, result) => total + result[key], 0);
const skipped = sum('skipped') === 0 ? '' : `, ${sum('skipped')} skipped`;
process.exitCode = sum('failed') === 0 ? 0 : 1;
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);

async function vitest(): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'pl-test-'));
  const report = join(folder, 'vitest.json');
  try {
    const vitestRoot = dirname(createRequire(import.meta.url).resolve('vitest/package.json'));
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { exitCode } = await node([join(vitestRoot, 'vitest.mjs'), 'run', ...reporters]);
    if (!existsSync(report)) return failure(`Vitest ended with exit code ${exitCode} and without a report.`);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as VitestReport;
    // A file that does not load fails without a failed test.
    const broken = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
    );
    const result = {
      passed: numPassedTests,
      failed: numFailedTests + broken.length,
      skipped: numPendingTests + numTodoTests,
    };
    // So does an error outside of any test.
    if (exitCode !== 0 && result.failed === 0) result.failed = 1;
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function conformance(engine: string): Promise<Result> {
  console.log(`\nConformance of the engine ${engine}: tfjs-core's own suite\n`);
  const { exitCode, output } = await node(['--import', 'tsx', 'test/conformance/run.ts', engine]);
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  if (counts === undefined)
    return failure(`The conformance run ended with exit code ${exitCode} and without a count.`);
  const [passed, failed, skipped] = counts.slice(1).map((count) => Number(count ?? 0)) as [
    number,
    number,
    number,
  ];
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed, skipped };
}

/** Runs Node in the repository's root with its output on the terminal, and collects what it wrote to stdout. */
function node(args: string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

function failure(problem: string): Result {
  console.error(problem);
  return { passed: 0, failed: 1, skipped: 0 };
}
