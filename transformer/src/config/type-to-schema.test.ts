import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Project } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { groupToSchema } from './type-to-schema.js';
import { compileSchema } from './validator.js';

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const project = new Project({ compilerOptions: { strict: true, lib: ['lib.es2022.d.ts'], types: [] } });

function schemaOf(folder: string) {
  const file = project.addSourceFileAtPath(join(fixtures, folder, 'hparams.ts'));
  const declaration = file.getInterfaceOrThrow('Hparams');
  return groupToSchema(declaration.getType(), declaration);
}

describe('types that are settings', () => {
  it.each(readdirSync(join(fixtures, 'valid')))('%s', async (name) => {
    const { schema, problems } = schemaOf(join('valid', name));
    expect(problems.map(({ message }) => message)).toEqual([]);
    await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(
      join(fixtures, 'valid', name, 'schema.json'),
    );
    expect(() => compileSchema(schema)).not.toThrow();
  });
});

describe('types that are no settings', () => {
  it.each(readdirSync(join(fixtures, 'invalid')))('%s', async (name) => {
    const { problems } = schemaOf(join('invalid', name));
    const lines = problems.map(({ kind, node, message }) => {
      const { line, column } = node.getSourceFile().getLineAndColumnAtPos(node.getStart());
      return `(${line},${column}) ${kind}: ${message}\n`;
    });
    await expect(lines.join('')).toMatchFileSnapshot(join(fixtures, 'invalid', name, 'problems.txt'));
  });
});
