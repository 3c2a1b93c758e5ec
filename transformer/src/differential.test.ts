import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { ts } from 'ts-morph';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { analyse } from './analysis.js';
import { check } from './checks/index.js';
import { openProject } from './discovery/open-project.js';
import { hooksFile } from './emit/hooks-file.js';
import { loopsFile } from './emit/loops-file.js';
import { readReferenceLoops } from './specialise/reference-loops.js';

// The generated loops of many classes, run by the real trainer, against the same classes run uncompiled.

vi.setConfig({ testTimeout: 120_000 });

const opened = openProject(fileURLToPath(new URL('fixtures', import.meta.url)));
const loops = readReferenceLoops(opened.runtime);
const folder = mkdtempSync(join(tmpdir(), 'pl-differential-'));

beforeAll(() => {
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  write('package.json', '{ "type": "module" }');
  write('driver.js', driver);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A hook that a class may have: its parameters, and what its method does besides recording the call. */
interface Choice {
  readonly parameters: readonly string[];
  readonly mayWait: boolean;
  readonly body?: string;
  readonly returns?: string;
}

const batch = 'batch: Batch';
const batchIdx = 'batchIdx: number';
const dataloaderIdx = 'dataloaderIdx: number';
const optimizer = 'optimizer: Optimizer';
const event: Choice = { parameters: [], mayWait: true };
const stageHooks = (stage: string): Record<string, Choice> => ({
  [`on_${stage}_model_eval`]: event,
  [`on_${stage}_model_train`]: event,
  [`on_${stage}_start`]: event,
  [`on_${stage}_epoch_start`]: event,
  [`on_${stage}_batch_start`]: { parameters: [batch, batchIdx, dataloaderIdx], mayWait: true },
  [`on_${stage}_batch_end`]: {
    parameters: ['outputs: unknown', batch, batchIdx, dataloaderIdx],
    mayWait: true,
  },
  [`on_${stage}_epoch_end`]: event,
  [`on_${stage}_end`]: event,
  [`${stage}_step`]: {
    parameters: [batch, batchIdx, dataloaderIdx],
    mayWait: true,
    body: stage === 'predict' ? 'return batch.x;' : `this.log('${stage}', batch.x.max() as tf.Scalar);`,
    returns: stage === 'predict' ? 'tf.Tensor' : 'void',
  },
  ...(stage !== 'predict' && {
    [`${stage}_epoch_end`]: { parameters: ['outputs: unknown[]'], mayWait: true },
  }),
});

const hooks: Record<string, Choice> = {
  on_train_start: event,
  on_train_end: event,
  on_train_epoch_start: event,
  on_train_epoch_end: event,
  training_epoch_end: {
    parameters: ['outputs: { loss: tf.Scalar }[]'],
    mayWait: true,
    body: "this.record('losses', ...outputs.map(({ loss }) => loss.dataSync()[0]!));",
  },
  on_train_batch_start: {
    parameters: [batch, batchIdx],
    mayWait: true,
    body: 'if (this.currentEpoch === 1 && this.globalStep % 3 === 1) return -1;',
    returns: 'void | -1',
  },
  on_train_batch_end: { parameters: ['outputs: unknown', batch, batchIdx], mayWait: true },
  on_before_zero_grad: { parameters: [optimizer], mayWait: false },
  optimizer_zero_grad: {
    parameters: ['epoch: number', batchIdx, optimizer],
    mayWait: false,
    body: 'optimizer.zeroGrad();',
  },
  on_before_backward: { parameters: ['loss: tf.Scalar'], mayWait: false },
  backward: {
    parameters: ['loss: tf.Scalar', 'propagate: (loss: tf.Scalar) => void'],
    mayWait: false,
    body: 'propagate(loss.mul(2) as tf.Scalar);',
  },
  on_after_backward: { parameters: [], mayWait: false },
  on_before_optimizer_step: { parameters: [optimizer], mayWait: false },
  configure_gradient_clipping: { parameters: [optimizer, 'value: number | null'], mayWait: false },
  optimizer_step: {
    parameters: ['epoch: number', batchIdx, optimizer, 'closure: () => tf.Scalar | undefined'],
    mayWait: false,
    body: 'optimizer.step(closure);',
  },
  lr_scheduler_step: {
    parameters: ['scheduler: LRScheduler', 'metric: number | undefined'],
    mayWait: false,
    body: 'scheduler.step();',
  },
  configure_model: event,
  on_fit_start: event,
  on_validation_model_zero_grad: event,
  ...stageHooks('validation'),
  ...stageHooks('test'),
  ...stageHooks('predict'),
};

/** Hooks whose method cannot do its work with fewer arguments. */
const needsAll = new Set([
  'optimizer_zero_grad',
  'optimizer_step',
  'lr_scheduler_step',
  'on_train_batch_start',
  'training_epoch_end',
  'backward',
]);

interface Member {
  readonly hook: string;
  readonly isAsync: boolean;
  /** How many of its parameters the method leaves out. */
  readonly fewer: number;
}

const members = fc
  .subarray(Object.keys(hooks))
  .chain((names) =>
    fc.tuple(
      ...names.map((hook) => fc.record({ hook: fc.constant(hook), isAsync: fc.boolean(), fewer: fc.nat(2) })),
    ),
  );

/** Everything at once, nothing but the step, and a sample of what is in between. */
const cases: readonly (readonly Member[])[] = [
  Object.keys(hooks).map((hook) => ({ hook, isAsync: false, fewer: 0 })),
  Object.keys(hooks).map((hook) => ({ hook, isAsync: true, fewer: 1 })),
  [],
  ...fc.sample(members, { numRuns: 30, seed: 20 }),
];

test('every hook of the loops takes part', () => {
  const code = `${loops.fit}${loops.evaluation}`.replace(/\/\*.*?\*\//gs, '');
  const mentioned = Array.from(code.matchAll(/hooks\.(\w+)/g), (match) =>
    match[1]!.replace('evaluation', 'test'),
  );
  expect(Object.keys(hooks)).toEqual(
    expect.arrayContaining([...new Set(mentioned)].filter((hook) => hook !== 'training_step')),
  );
});

test('generated loops call the same hooks in the same order as the loops of uncompiled classes', () => {
  writeCases(cases.map(classText));
  for (const [index, { compiled, plain }] of run(cases.length).entries()) {
    expect(compiled, `case ${index}`).toEqual(plain);
    expect(plain.events.length).toBeGreaterThan(4);
  }
});

test('a loop that leaves out one call is noticed', () => {
  writeCases([classText(cases[0]!)], (loop) => loop.replace(/^.*model\.m_on_before_backward\(.*$/m, ''));
  const { compiled, plain } = run(1)[0]!;
  expect(compiled.events).not.toEqual(plain.events);
  expect(compiled.events).toEqual(plain.events.filter((text) => !text.startsWith('on_before_backward')));
});

function classText(chosen: readonly Member[]): string {
  return `
    import {
      DataLoader, ExponentialLR, Hook, LightningModule, type LRScheduler, type Optimizer, SGD, tf,
    } from '@pl-ts/runtime';

    export interface Batch { x: tf.Tensor2D }

    export class Model extends LightningModule {
      readonly events: string[] = [];
      readonly w = tf.variable(tf.scalar(2));

      record(hook: string, ...args: unknown[]) {
        const shown = args.map((arg) => (typeof arg === 'number' ? arg : typeof arg));
        this.events.push([hook, this.currentEpoch, this.globalStep, this.training, ...shown].join(' '));
      }

      @Hook('training_step')
      learn(batch: Batch, batchIdx: number) {
        this.record('training_step', batch, batchIdx);
        if (this.globalStep === 2 && this.currentEpoch === 0) return undefined;
        const loss = this.w.mul(batch.x.mean()).square() as tf.Scalar;
        this.log('loss', loss, { onEpoch: true });
        return batchIdx === 1 ? { loss } : loss;
      }

      @Hook('configure_optimizers')
      newOptimizer() {
        const optimizer = new SGD(this.parameters(), { lr: 0.01 });
        const scheduler = new ExponentialLR(optimizer, { gamma: 0.9 });
        return { optimizer, lrScheduler: { scheduler, interval: 'step' as const } };
      }

      @Hook('train_dataloader') trainLoader() { return this.loader(4); }
      @Hook('val_dataloader') valLoader() { return [this.loader(2), this.loader(1)]; }
      @Hook('test_dataloader') testLoader() { return this.loader(2); }
      @Hook('predict_dataloader') predictLoader() { return this.loader(2); }

      loader(length: number) {
        const rows = Array.from({ length }, (_, i) => Float32Array.of(i + 1, i + 2));
        const collate = (samples: Float32Array[]): Batch => ({ x: tf.tensor2d(samples.map((row) => [...row])) });
        return new DataLoader(rows, { collate });
      }
      ${chosen.map(methodText).join('\n')}
    }`;
}

function methodText({ hook, isAsync, fewer }: Member): string {
  const { parameters, mayWait, body = '', returns = 'void' } = hooks[hook]!;
  const isStep = hook.endsWith('_step') && hook !== 'on_before_optimizer_step';
  const left = needsAll.has(hook) ? 0 : isStep ? Math.min(fewer, parameters.length - 1) : fewer;
  const own = parameters.slice(0, Math.max(0, parameters.length - left));
  const names = own.map((parameter) => parameter.split(':')[0]);
  const waits = isAsync && mayWait;
  return `
      @Hook('${hook}')
      ${waits ? 'async ' : ''}m_${hook}(${own.join(', ')}): ${waits ? `Promise<${returns}>` : returns} {
        this.record(${[`'${hook}'`, ...names].join(', ')});
        ${waits ? 'await Promise.resolve();' : ''}
        ${body}
      }`;
}

/** Compiles classes, and writes each with what was generated for it as JavaScript. */
function writeCases(texts: readonly string[], tamper = (loop: string) => loop): void {
  const files = texts.map((text, index) =>
    opened.project.createSourceFile(join(folder, `case-${index}`, 'model.ts'), text, { overwrite: true }),
  );
  for (const [index, file] of files.entries()) {
    const analysis = analyse(opened, [file]);
    expect(check(analysis).map(({ message }) => message)).toEqual([]);
    const path = (name: string) => join(folder, `case-${index}`, 'generated', name);
    const loop = tamper(loopsFile(path('fit-loop.ts'), analysis, loops).text);
    write(`case-${index}/model.js`, transpile(file.getFullText()));
    write(`case-${index}/generated/hooks.js`, transpile(hooksFile(path('hooks.ts'), analysis).text));
    write(`case-${index}/generated/fit-loop.js`, transpile(loop));
  }
}

function transpile(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  }).outputText;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

interface Recorded {
  readonly events: readonly string[];
  readonly metrics: Record<string, number>;
  readonly weight: number;
}

function run(count: number): { compiled: Recorded; plain: Recorded }[] {
  const output = execFileSync(process.execPath, ['driver.js', String(count)], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return JSON.parse(output.slice(output.indexOf('\n[') + 1));
}

const driver = `
  import { seedEverything, Trainer } from '@pl-ts/runtime';

  async function record(Model, hooks) {
    seedEverything(1);
    const model = new Model();
    const trainer = new Trainer({
      maxEpochs: 3, accumulateGradBatches: 2, valCheckInterval: 0.5, logger: false, enableCheckpointing: false,
      enableProgressBar: false, enableModelSummary: false, logEveryNSteps: 1, defaultRootDir: 'logs',
    });
    await trainer.fit(model);
    const metrics = { ...trainer.callbackMetrics };
    for (const [fn, step] of [['validate', 'validation'], ['test', 'test'], ['predict', 'predict']]) {
      if (Model.prototype['m_' + step + '_step']) await trainer[fn](model);
    }
    return { events: model.events, metrics, weight: model.w.dataSync()[0] };
  }

  const results = [];
  for (let i = 0; i < Number(process.argv[2]); i++) {
    const { Model: Plain } = await import('./case-' + i + '/model.js?plain');
    await import('./case-' + i + '/generated/fit-loop.js');
    const { Model: Compiled } = await import('./case-' + i + '/model.js');
    results.push({ compiled: await record(Compiled), plain: await record(Plain) });
  }
  console.log('\\n' + JSON.stringify(results));
`;
