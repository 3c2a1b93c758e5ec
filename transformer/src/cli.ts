import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError } from './commands/command-error.js';

// Commands are loaded when they run: most need the TypeScript compiler, `pl run` must not wait for it.

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const parseJobs = (text: string) => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 up.');
};
const program = new Command('pl')
  .description('Compiles, runs and explains training projects.')
  .version(version)
  .enablePositionalOptions();

program
  .command('generate')
  .description('check the classes and settings of a project and write src/generated')
  .option('-p, --project <path>', 'tsconfig.json, or the folder that has one', '.')
  .option('-w, --watch', 'stay, and generate again after each change')
  .option('--check', 'write nothing; fail when something would change')
  .action(async ({ project, watch, check }: { project: string; watch?: boolean; check?: boolean }) => {
    if (watch) (await import('./commands/watch.js')).watch(project);
    else
      process.exitCode = (await import('./commands/generate.js')).generate({
        project,
        check: check ?? false,
      });
  });

program
  .command('build')
  .description("generate, then compile with the project's own TypeScript")
  .option('-p, --project <path>', 'tsconfig.json, or the folder that has one', '.')
  .option('-w, --watch', 'stay, and build again after each change')
  .action(async ({ project, watch }: { project: string; watch?: boolean }) => {
    process.exitCode = await (await import('./commands/build.js')).build({ project, watch: watch ?? false });
  });

program
  .command('run')
  .description('run the built program: pl run fit --trainer.maxEpochs 5')
  .argument('<command>', 'fit, validate, test or predict')
  .argument('[args...]', 'settings and options of the program')
  .helpOption(false)
  .allowUnknownOption()
  .passThroughOptions()
  .action(async (command: string, args: string[]) =>
    (await import('./commands/run.js')).run([command, ...args]),
  );

program
  .command('explain')
  .description('tell the longer story of a code')
  .argument('<code>', 'such as PL1003')
  .action(async (code: string) => console.log(await (await import('./commands/explain.js')).explain(code)));

program
  .command('engine')
  .description('the torch engine, which is compiled for the libtorch of a machine')
  .command('build')
  .description('find libtorch, compile the engine against it, and try it; once per machine')
  .option('-f, --force', 'compile everything again')
  .option('-v, --verbose', 'show every command and what it says')
  .option(
    '-j, --jobs <count>',
    'compilers at once; by default one per core, where the memory allows',
    parseJobs,
  )
  .action(async (options: { force?: boolean; verbose?: boolean; jobs?: number }) => {
    process.exitCode = await (await import('./commands/engine.js')).buildEngine(options);
  });

program
  .command('doctor')
  .description('look at Node, the project and the engines, and say what would help')
  .action(async () => console.log(await (await import('./commands/doctor.js')).doctor(process.cwd())));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.format());
  process.exitCode = 1;
}
