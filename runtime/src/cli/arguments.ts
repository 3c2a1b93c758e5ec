import { Command, CommanderError, Option } from 'commander';
import type { ConfigDefinition, Setting } from '../config/definition.js';
import type { FlagText } from '../config/flags.js';
import { accepts } from '../config/parse-value.js';
import type { ConfigProblem } from '../config/problem.js';
import { didYouMean } from '../config/suggest.js';

export const commandNames = ['fit', 'validate', 'test', 'predict'] as const;
export type CommandName = (typeof commandNames)[number];

/** The command line, taken apart. What is wrong with it is in `problems`, to be reported with the settings' own. */
export interface Arguments {
  readonly command: CommandName | undefined;
  readonly help: boolean;
  readonly printConfig: boolean;
  readonly configFiles: readonly string[];
  /** A path, `best`, `last` or `none`. */
  readonly ckptPath: string | undefined;
  /** Settings, known and unknown. */
  readonly flags: readonly FlagText[];
  readonly problems: readonly ConfigProblem[];
}

/** Flags that are no settings. */
export const programFlags = ['--config', '--ckpt-path', '--print-config', '--help'];

export function parseArguments(argv: readonly string[], { settings }: ConfigDefinition): Arguments {
  const configFiles: string[] = [];
  const flags: FlagText[] = [];
  const problems: ConfigProblem[] = [];
  const program = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[command]')
    .option('--config <file>')
    .option('--ckpt-path <path>')
    .option('--print-config')
    .option('-h, --help')
    .on('option:config', (file: string) => configFiles.push(file));
  for (const setting of settings) {
    program.addOption(new Option(`${setting.flag} ${takesNoValue(setting) ? '[value]' : '<value>'}`));
    program.on(`option:${setting.path}`, (text: string | null) => {
      flags.push({ flag: setting.flag, ...(text === null ? {} : { text }) });
    });
  }
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // The only thing that stops it: a flag at the end of the line lacks its value.
    const flag = argv.at(-1) ?? '';
    problems.push({ code: 'PL2010', message: 'wanted a value after it', origin: { kind: 'flag', flag } });
  }
  const { operands, unknown } = sortOut(program.args);
  const help = program.getOptionValue('help') === true;
  const { command, problem } = commandOf(operands);
  if (problem !== undefined && problems.length === 0 && !help) problems.push(problem);
  return {
    command,
    help,
    printConfig: program.getOptionValue('printConfig') === true,
    configFiles,
    ckptPath: program.getOptionValue('ckptPath') as string | undefined,
    flags: [...flags, ...unknown],
    problems,
  };
}

/** A setting that `true` fits can be switched on by its flag alone. */
function takesNoValue({ schema }: Setting): boolean {
  return accepts(schema, true);
}

/** What commander left: operands, and unknown flags with the value behind them. */
function sortOut(rest: readonly string[]): { operands: string[]; unknown: FlagText[] } {
  const operands: string[] = [];
  const unknown: FlagText[] = [];
  for (const [i, text] of rest.entries()) {
    const isFlag = /^--?[A-Za-z]/.test(text);
    if (isFlag) unknown.push({ flag: text.replace(/=.*$/s, '') });
    else if (!/^--?[A-Za-z][^=]*$/.test(rest[i - 1] ?? '')) operands.push(text);
  }
  return { operands, unknown };
}

function commandOf([name, ...excess]: readonly string[]): { command?: CommandName; problem?: ConfigProblem } {
  const hint = `Commands: ${commandNames.join(', ')}. --help explains them and lists every setting.`;
  const command = commandNames.find((known) => known === name);
  if (command !== undefined && excess.length === 0) return { command };
  const wrong = (message: string): { problem: ConfigProblem } => ({
    problem: { code: 'PL2010', message, hint },
  });
  if (name === undefined) return wrong('no command was given');
  if (command === undefined) return wrong(`no command '${name}'.${didYouMean(name, commandNames)}`);
  return { command, ...wrong(`'${excess.join(' ')}' after the command ${command} means nothing`) };
}
