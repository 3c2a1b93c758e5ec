import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CSVLogger, type CSVLoggerOptions } from './csv-logger.js';

let saveDir: string;
beforeEach(() => {
  saveDir = mkdtempSync(join(tmpdir(), 'logger-'));
});
afterEach(() => rmSync(saveDir, { recursive: true }));

const newLogger = (options: CSVLoggerOptions = {}) => new CSVLogger({ saveDir, ...options });
const csv = (logger: CSVLogger) => readFileSync(join(logger.logDir, 'metrics.csv'), 'utf8');
const rows = (logger: CSVLogger) => {
  const [header, ...lines] = csv(logger)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((cells) => {
    expect(cells).toHaveLength(header!.length);
    return Object.fromEntries(
      header!.map((name, i) => [name, cells[i]!] as const).filter(([, cell]) => cell !== ''),
    );
  });
};

describe('CSVLogger', () => {
  it('writes a row per call and a column per metric', () => {
    const logger = newLogger();
    logger.logMetrics({ epoch: 0, train_loss: 0.5 }, 0);
    logger.logMetrics({ epoch: 0, val_loss: 0.25, 'acc, top "5"': 1 }, 1);
    logger.save();
    expect(csv(logger)).toBe('epoch,step,train_loss,val_loss,"acc, top ""5"""\n0,0,0.5,,\n0,1,,0.25,1\n');
    expect(logger.logDir).toBe(join(saveDir, 'lightning_logs', 'version_0'));
  });

  it('gives metrics that appear later a column of their own, and keeps what was written', () => {
    const logger = newLogger();
    logger.logMetrics({ epoch: 0, loss: 1 }, 0);
    logger.save();
    logger.logMetrics({ epoch: 0, loss: 2, acc: 3 }, 1);
    logger.save();
    logger.logMetrics({ lr: 4 }, 2);
    logger.finalize('success');
    expect(csv(logger)).toBe('epoch,step,loss,acc,lr\n0,0,1,,\n0,1,2,3,\n,2,,,4\n');
    expect(readdirSync(logger.logDir)).toEqual(['metrics.csv']);
  });

  it('loses no row and no digit, whatever is logged and whenever it is written', () => {
    const metrics = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'train/loss'), fc.double(), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(metrics, fc.boolean()), { minLength: 1, maxLength: 12 }), (calls) => {
        const logger = newLogger();
        calls.forEach(([logged, save], step) => {
          logger.logMetrics(logged, step);
          if (save) logger.save();
        });
        logger.finalize('success');
        const read = rows(logger).map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, cell]) => [name, Number(cell.replace('inf', 'Infinity'))]),
          ),
        );
        expect(read).toEqual(calls.map(([logged], step) => ({ ...logged, step })));
      }),
      { numRuns: 30 },
    );
  });

  it('writes not-a-number and infinities as Python does', () => {
    const logger = newLogger();
    logger.logMetrics({ a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY, d: -0 }, 0);
    logger.save();
    expect(csv(logger)).toBe('epoch,step,a,b,c,d\n,0,nan,inf,-inf,-0\n');
  });

  it('writes every so many steps, at checkpoints and at the end', () => {
    const logger = newLogger({ flushEveryNSteps: 10 });
    const written = () => (existsSync(join(logger.logDir, 'metrics.csv')) ? rows(logger).length : 0);
    for (let step = 0; step < 9; step++) logger.logMetrics({ a: step }, step);
    expect(written()).toBe(0);
    logger.logMetrics({ a: 9 }, 9);
    expect(written()).toBe(10);
    logger.logMetrics({ a: 10 }, 10);
    logger.afterSaveCheckpoint();
    expect(written()).toBe(11);
    for (let step = 11; step < 25; step++) logger.logMetrics({ a: step }, step);
    expect(written()).toBe(20);
    logger.finalize('interrupted');
    expect(written()).toBe(25);
  });

  it('adds rows to an earlier run of the same version', () => {
    const first = newLogger({ version: 3 });
    first.logMetrics({ epoch: 0, loss: 1 }, 0);
    first.finalize('failed');
    const second = newLogger({ version: 3 });
    second.logMetrics({ epoch: 1, acc: 2, loss: 3 }, 1);
    second.finalize('success');
    expect(csv(second)).toBe('epoch,step,loss,acc\n0,0,1,\n1,1,3,2\n');
  });

  it('drops a line that was cut while it was written', () => {
    const first = newLogger({ version: 0 });
    first.logMetrics({ loss: 1 }, 0);
    first.finalize('success');
    appendFileSync(join(first.logDir, 'metrics.csv'), ',1,0.12');
    const second = newLogger({ version: 0 });
    second.logMetrics({ loss: 2 }, 1);
    second.finalize('success');
    expect(csv(second)).toBe('epoch,step,loss\n,0,1\n,1,2\n');
  });

  it('takes the version after the highest', () => {
    mkdirSync(join(saveDir, 'runs', 'version_7'), { recursive: true });
    mkdirSync(join(saveDir, 'runs', 'version_x'));
    const [first, second] = [newLogger({ name: 'runs' }), newLogger({ name: 'runs' })];
    expect(readdirSync(join(saveDir, 'runs'))).toHaveLength(2);
    expect([first.version, second.version, first.version]).toEqual([8, 9, 8]);
    expect(newLogger({ name: '', version: 'mine' }).logDir).toBe(join(saveDir, 'mine'));
  });

  it('gives programs that start at once a version each', async () => {
    const script = join(saveDir, 'claim.ts');
    const module = join(import.meta.dirname, 'run-folder.ts');
    writeFileSync(
      script,
      `import { claimVersion } from ${JSON.stringify(module)};
       for (let i = 0; i < 20; i++) console.log(claimVersion(${JSON.stringify(join(saveDir, 'at-once'))}));`,
    );
    const claimed = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<string>((resolve) => {
            let output = '';
            const program = spawn(process.execPath, ['--import', 'tsx', script], {
              stdio: ['ignore', 'pipe', 'inherit'],
            });
            program.stdout.on('data', (text) => {
              output += text;
            });
            program.on('close', () => resolve(output));
          }),
      ),
    );
    const versions = claimed.flatMap((output) => output.trim().split('\n').map(Number));
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it('makes no folder before it is needed', () => {
    newLogger({ version: 1 }).logHyperparams({ lr: 1 });
    newLogger().finalize('success');
    expect(readdirSync(saveDir)).toEqual([]);
  });

  it('writes hyperparameters as YAML', () => {
    const logger = newLogger();
    logger.logHyperparams({ lr: 0.1, layers: [32, 64], name: 'tiny' });
    logger.logHyperparams({ lr: 0.2, activation: Math.tanh, since: new Date(0), nothing: null });
    logger.save();
    expect(parse(readFileSync(join(logger.logDir, 'hparams.yaml'), 'utf8'))).toMatchObject({
      lr: 0.2,
      layers: [32, 64],
      name: 'tiny',
      activation: expect.stringMatching(/tanh/),
      nothing: null,
    });
  });

  it('says where logs cannot be written', () => {
    writeFileSync(join(saveDir, 'file'), '');
    const refused = expect.objectContaining({ code: 'PL5401', message: expect.stringContaining('file') });
    expect(() => newLogger({ name: 'file' }).logMetrics({ a: 1 }, 0)).toThrow(refused);
    expect(() => newLogger({ name: 'file', version: 0 }).logMetrics({ a: 1 }, 0)).toThrow(refused);
    expect(() => newLogger({ name: 'file/deeper' }).logDir).toThrow(refused);
  });

  it('reports a failure once, and keeps the rows for another try', () => {
    const logger = newLogger({ version: 0 });
    logger.logMetrics({ a: 1 }, 0);
    mkdirSync(join(logger.logDir, 'metrics.csv'));
    expect(() => logger.save()).toThrow(expect.objectContaining({ code: 'PL5401' }));
    expect(() => logger.finalize('failed')).not.toThrow();
    rmSync(join(logger.logDir, 'metrics.csv'), { recursive: true });
    logger.save();
    expect(csv(logger)).toBe('epoch,step,a\n,0,1\n');
  });

  it.each<CSVLoggerOptions>([
    { flushEveryNSteps: 0 },
    { flushEveryNSteps: 1.5 },
    { version: -1 },
    { version: 0.5 },
  ])('refuses %j', (options) => {
    expect(() => newLogger(options)).toThrow(expect.objectContaining({ code: 'PL5402' }));
  });
});
