import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandErrors } from './command-explanations.js';
import { diagnosticKinds } from './index.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
const sources = readdirSync(folder)
  .filter((name) => !name.endsWith('.test.ts'))
  .map((name) => readFileSync(`${folder}/${name}`, 'utf8'));

test('every kind of diagnostic has a code of its own and an explanation', () => {
  const codes = [...diagnosticKinds, ...commandErrors].map(({ code }) => code);
  expect(codes).toEqual([...new Set(codes)].sort());
  for (const { code, explanation } of [...diagnosticKinds, ...commandErrors]) {
    expect(explanation.length, code).toBeGreaterThan(80);
  }
});

test('no kind of diagnostic is left out of the list', () => {
  const declared = sources.flatMap((text) => /static readonly code = '(PL\d+)'/.exec(text)?.[1] ?? []);
  expect(declared.sort()).toEqual(diagnosticKinds.map(({ code }) => code));
});
