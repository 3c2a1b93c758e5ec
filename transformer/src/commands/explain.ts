import { commandErrors } from '../diagnostics/command-explanations.js';
import { diagnosticKinds } from '../diagnostics/index.js';
import { CommandError } from './command-error.js';

/** `pl explain PL1003`: the paragraph about a code, of the compiler or of the runtime. */
export async function explain(given: string): Promise<string> {
  const code = given.toUpperCase().replace(/^(PL)?/, 'PL');
  const text = explanations.get(code) ?? (await runtimeExplanation(code));
  if (text !== undefined) return `${code}: ${text}`;
  throw new CommandError(
    'PL1910',
    `there is no code ${given}.`,
    'Codes stand in front of each message: error PL1003.',
  );
}

const explanations: ReadonlyMap<string, string> = new Map(
  [...diagnosticKinds, ...commandErrors].map(({ code, explanation }) => [code, explanation]),
);

async function runtimeExplanation(code: string): Promise<string | undefined> {
  const { errorExplanations } = await import('@pl-ts/runtime');
  return new Map<string, string>(Object.entries(errorExplanations)).get(code);
}
