import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Callback } from '../callbacks/callback.js';
import type { ConfigDefinition } from '../config/definition.js';
import type { Origin } from '../config/origin.js';
import { printConfig } from '../config/print-config.js';
import { resolveConfig } from '../config/resolve.js';
import { PLError } from '../errors/pl-error.js';
import type { LightningDataModule } from '../module/lightning-data-module.js';
import type { LightningModule } from '../module/lightning-module.js';
import { Interruption } from '../trainer/interruption.js';
import type { TrainerConfig, TrainerOptions } from '../trainer/options.js';
import { parseArguments, programFlags } from './arguments.js';
import { outliveReaders } from './closed-pipe.js';
import { describeError } from './describe-error.js';
import { type ProgramConfig, runCommand } from './program.js';
import { usage } from './usage.js';

/** What a project's program consists of. */
export interface MainOptions<Config extends ProgramConfig> {
  model: new (hparams: NonNullable<Config['model']>) => LightningModule;
  data?: new (hparams: NonNullable<Config['data']>) => LightningDataModule;
  /** What the compiler wrote to `src/generated/config.ts`. */
  config: ConfigDefinition<Config>;
  callbacks?: readonly Callback[];
  logger?: TrainerOptions['logger'];
  /** Trainer settings that are fixed in code: they win over files, variables and flags. */
  trainer?: Partial<TrainerConfig>;
}

/**
 * The program of a training project: reads the command line, files and variables, and fits, validates, tests or
 * predicts. Sets the exit code: 0, 1 after a mistake that it could explain (on stderr, without a stack), 130 after
 * Ctrl-C. Errors that it cannot explain are thrown on.
 *
 * @example
 * ```ts
 * await main({ model: DigitsClassifier, data: DigitsData, config });
 * ```
 */
export async function main<Config extends ProgramConfig>(options: MainOptions<Config>): Promise<void> {
  outliveReaders();
  let origins: ReadonlyMap<string, Origin> | undefined;
  try {
    await run(options, process.argv.slice(2), (resolved) => {
      origins = resolved;
    });
  } catch (error) {
    process.exitCode = report(error, origins);
  }
}

async function run<Config extends ProgramConfig>(
  options: MainOptions<Config>,
  argv: readonly string[],
  onResolved: (origins: ReadonlyMap<string, Origin>) => void,
): Promise<void> {
  const { model, data, config: definition, callbacks = [], logger, trainer } = options;
  if (definition?.validate === undefined) {
    throw new PLError('PL2001', 'this project was not compiled: main got no config.', {
      hint: 'Run npm run build; it writes src/generated/config.ts, which exports config.',
    });
  }
  const {
    command,
    help,
    printConfig: printOnly,
    configFiles,
    ckptPath,
    flags,
    problems,
  } = parseArguments(argv, definition);
  if (help) {
    print(usage(programName(), definition, Math.min(Math.max(process.stdout.columns ?? 80, 60), 120)));
    return;
  }
  const cwd = process.cwd();
  const resolved = resolveConfig(definition, {
    cwd,
    files: configFiles,
    environment: process.env,
    flags,
    otherFlags: programFlags,
    ...(trainer && { code: { trainer } }),
    problems,
  });
  if (printOnly) return print(printConfig(definition, resolved).trimEnd());
  onResolved(resolved.origins);
  // What else is in .env is for the project's own code.
  if (existsSync(join(cwd, '.env'))) process.loadEnvFile(join(cwd, '.env'));
  await runCommand(command!, { ...resolved, model, data, callbacks, logger, ckptPath, print });
}

function report(error: unknown, origins: ReadonlyMap<string, Origin> | undefined): number {
  if (error instanceof Interruption) {
    process.stderr.write(`Interrupted.${resumeHint(error.checkpointPath)}\n`);
    return error.exitCode;
  }
  const described = describeError(error, origins);
  if (described === undefined) throw error;
  process.stderr.write(`${described.format()}\n`);
  return 1;
}

function resumeHint(path: string | undefined): string {
  return path === undefined ? '' : ` Go on with: ${programName()} fit --ckpt-path '${relative('', path)}'`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function programName(): string {
  return `node ${relative('', process.argv[1] ?? 'main.js')}`;
}
