/**
 * What `Trainer.fit` adds to a training step, and `Trainer.validate` to an evaluation step: an 8 → 1 linear model with
 * batches of 4 on the embedded engine, against the same step in a loop that is written by hand. Every variant runs in
 * a process of its own, by hand and by the trainer in turns; the processes take turns, too, so that a busy moment of the
 * machine meets all of them. Where `python3` has a Lightning, its overhead on PyTorch is measured in the same rounds.
 *
 *     npm run bench -- overhead [--rounds 9] [--steps 2000]
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { compile, openProject } from '@pl-ts/transformer';
import ts from 'typescript';
import type { OverheadAnswer, Pace, Variant } from './overhead-worker.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, steps: { type: 'string', default: '2000' } },
});
const rounds = Number(options.rounds);

/** Microseconds that the trainer may add. */
const targets: Record<Variant, number | undefined> = {
  bare: 5,
  logging: 15,
  logging_every_step: undefined,
  evaluation: 3,
  evaluation_logging: undefined,
};
const variants = Object.keys(targets) as Variant[];
const loops = ['reference', 'generated'] as const;

/** The model, the worker and the loops that the compiler writes for the model, as plain JavaScript. */
function buildProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'overhead-project-'));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    useDefineForClassFields: true,
  };
  const javascript = (text: string) => ts.transpileModule(text, { compilerOptions }).outputText;

  mkdirSync(join(folder, 'src'));
  write('src/overhead-model.ts', read('overhead-model.ts'));
  write('package.json', JSON.stringify({ type: 'module' }));
  const forProject = { module: 'nodenext', strict: true, experimentalDecorators: true, types: [] };
  write('tsconfig.json', JSON.stringify({ compilerOptions: forProject, include: ['src'] }));
  const { files, diagnostics } = compile(openProject(folder));
  if (files.length === 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));

  mkdirSync(join(folder, 'src/generated'));
  for (const { path, text } of files) {
    if (/(hooks|fit-loop)\.ts$/.test(path)) writeFileSync(path.replace(/ts$/, 'js'), javascript(text));
  }
  for (const name of ['overhead-model', 'overhead-worker']) {
    write(`src/${name}.js`, javascript(read(`${name}.ts`)));
  }
  return join(folder, 'src');
}

/** A process that answers lines with lines. */
class Runner {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor([command = '', ...args]: string[], cwd: string) {
    this.#process = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<Answer>(): Promise<Answer> {
    this.#process.stdin!.write('\n');
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('a process of the benchmark ended early');
    return JSON.parse(value) as Answer;
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

interface Overhead {
  variant: string;
  /** `reference` for classes that were never compiled, `generated` for those that were, `lightning` for the peer. */
  loop: string;
  /** Microseconds of a step written by hand, median. */
  byHand: number;
  /** Microseconds that the trainer adds to the median step, median over the rounds. */
  added: number;
  /** The same between the best round of each. */
  addedAtBest: number;
  /** What it adds to the mean step, between the best rounds: with what happens at few steps, such as rows and the bar. */
  addedToMean: number;
  target?: number;
  /** Lightning's `added` over ours. */
  ratio?: number;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function summary(variant: string, loop: string, answers: readonly OverheadAnswer[]): Overhead {
  const best = (by: keyof OverheadAnswer, kind: keyof Pace) =>
    Math.min(...answers.map((answer) => answer[by][kind]));
  const between = (kind: keyof Pace) => best('byTrainer', kind) - best('byHand', kind);
  return {
    variant,
    loop,
    byHand: median(answers.map(({ byHand }) => byHand.median)),
    added: median(answers.map(({ byHand, byTrainer }) => byTrainer.median - byHand.median)),
    addedAtBest: between('median'),
    addedToMean: between('mean'),
  };
}

const hasLightning = ['lightning', 'pytorch_lightning'].some(
  (name) => spawnSync('python3', ['-c', `import ${name}`]).status === 0,
);
const folder = buildProject();
const peer = join(import.meta.dirname, 'overhead_peer.py');
const entries = variants.flatMap((variant) => [
  ...loops.map((loop) => ({
    variant,
    loop,
    command: [process.execPath, 'overhead-worker.js', variant, loop, options.steps],
  })),
  ...(hasLightning
    ? [{ variant, loop: 'lightning', command: ['python3', peer, variant, options.steps] }]
    : []),
]);
const running = entries.map((entry) => ({
  ...entry,
  runner: new Runner(entry.command, folder),
  answers: [] as OverheadAnswer[],
}));
for (let round = -1; round < rounds; round++) {
  for (const { runner, answers } of running) {
    const answer = await runner.ask<OverheadAnswer>();
    if (round >= 0) answers.push(answer);
  }
}
for (const { runner } of running) runner.end();
rmSync(join(folder, '..'), { recursive: true });

const results = running.map(({ variant, loop, answers }) => summary(variant, loop, answers));
for (const result of results.filter(({ loop }) => loop !== 'lightning')) {
  const target = targets[result.variant as Variant];
  if (target !== undefined) result.target = target;
  const lightning = results.find(({ variant, loop }) => variant === result.variant && loop === 'lightning');
  // What is too small to be measured counts as a tenth of a microsecond.
  if (lightning !== undefined) result.ratio = lightning.added / Math.max(result.added, 0.1);
}

console.log(
  `${options.steps} steps, ${rounds} alternating rounds; microseconds per step that the trainer adds`,
);
if (!hasLightning) console.log('python3 has no Lightning: no ratios to it');
const head = ['by hand', 'added', 'at best', 'to mean', 'target', ' Lightning/ours'];
console.log(`\n${'variant'.padEnd(20)}${'loop'.padEnd(10)}${head.map((cell) => cell.padStart(9)).join('')}`);
for (const { variant, loop, byHand, added, addedAtBest, addedToMean, target, ratio } of results) {
  const cells = [byHand, added, addedAtBest, addedToMean].map((value) => value.toFixed(2));
  cells.push(target === undefined ? '–' : `≤ ${target}`, ratio?.toFixed(0) ?? '–');
  console.log(`${variant.padEnd(20)}${loop.padEnd(10)}${cells.map((cell) => cell.padStart(9)).join('')}`);
}
console.log(`\n${JSON.stringify({ benchmark: 'overhead', steps: Number(options.steps), rounds, results })}`);
