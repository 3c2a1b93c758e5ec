import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { resolveConfig, type SchemaValidator } from '@pl-ts/runtime/config';
import fc from 'fast-check';
import { Project, type SourceFile, ts } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { resolveTrainerConfig } from '../../../runtime/src/trainer/options.js';
import { checkConfigFile } from './check-config-file.js';
import { type GeneratedConfig, generateConfig } from './generate-config.js';
import type { HparamsSource, SettingsSource } from './settings-source.js';
import { groupToSchema } from './type-to-schema.js';
import { compileSchema } from './validator.js';
import { validatorCode } from './validator-code.js';

const root = fileURLToPath(new URL('fixtures/project', import.meta.url));

function openProject(): Project {
  const project = new Project({
    compilerOptions: {
      strict: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      experimentalDecorators: true,
      types: [],
      paths: { '@pl-ts/runtime': [join(root, 'runtime.ts')] },
    },
  });
  project.addSourceFilesAtPaths(join(root, '**/*.ts'));
  return project;
}

function hparamsOf(file: SourceFile, className: string, ignore?: string[]): HparamsSource {
  const [parameter] = file.getClassOrThrow(className).getConstructors()[0]!.getParameters();
  return { className, sourceFile: file, typeNode: parameter!.getTypeNodeOrThrow(), ignore };
}

function sourceOf(project: Project): SettingsSource {
  const model = project.getSourceFileOrThrow('model.ts');
  return {
    runtime: project.getSourceFileOrThrow('runtime.ts'),
    outDir: join(root, 'src/generated'),
    model: hparamsOf(model, 'DigitsClassifier', ['criterion']),
    data: hparamsOf(project.getSourceFileOrThrow('data.ts'), 'DigitsData'),
    others: [hparamsOf(model, 'Teacher')],
    metricNames: ['train_loss', 'val_acc'],
  };
}

function generate(change: Partial<SettingsSource> = {}): GeneratedConfig {
  const generation = generateConfig({ ...sourceOf(openProject()), ...change });
  if (!('source' in generation))
    throw new Error(generation.problems.map(({ message }) => message).join('\n'));
  return generation;
}

const generated = generate();

describe('generated files', () => {
  it('are those of the fixture', async () => {
    const expected = (name: string) => join(root, 'expected', name);
    await expect(generated.source).toMatchFileSnapshot(expected('config.ts.txt'));
    await expect(generated.schemaJson).toMatchFileSnapshot(expected('config.schema.json'));
    await expect(generated.envExample).toMatchFileSnapshot(expected('env.example'));
  });

  it('are the same for the same project', () => {
    const { definition: _, ...texts } = generate();
    expect(generated).toMatchObject(texts);
  });

  it('name a class without hyper-parameters, and no data module where there is none', () => {
    const { model, ...source } = sourceOf(openProject());
    const bare = generateConfig({ ...source, model: { ...model!, typeNode: undefined }, data: undefined });
    if (!('source' in bare)) throw new Error();
    expect(bare.source).toContain("model: DigitsClassifier['hparams'];");
    expect(bare.source).not.toContain('registerCompiled(DigitsClassifier');
    expect(bare.source).not.toContain('DigitsData');
  });
});

describe('the environment file', () => {
  it('with every line switched on gives the defaults', () => {
    const text = generated.envExample
      .replace(/^# (?=PL_)/gm, '')
      .replace('PL_DATA_FOLDER=', 'PL_DATA_FOLDER=here');
    const { config } = resolveConfig(generated.definition, { cwd: root, environment: parseEnv(text) });
    const code = { data: { folder: 'here' } };
    expect(config).toEqual(resolveConfig(generated.definition, { cwd: root, code }).config);
  });
});

describe('a generated validator', () => {
  const { schema } = generated.definition;
  const [standalone, reference] = [evaluate(validatorCode({ validate: { schema } })), compileSchema(schema)];

  it('judges and completes as ajv itself does', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        undefined,
        0,
        1,
        -1,
        0.5,
        '',
        'x',
        'val_acc',
        true,
        [],
        [1],
        [0],
        ['a'],
        {},
      ),
      fc.record({ dropoutRate: fc.constantFrom<unknown>(0, 1, 2, 'x') }, { requiredKeys: [] }),
    );
    const names = (group: string) => Object.keys(schema.properties?.[group]?.properties ?? {});
    const group = (name: string) =>
      fc.record(Object.fromEntries([...names(name), 'other'].map((key) => [key, value])), {
        requiredKeys: [],
      });
    const config = fc.record(
      {
        seed: value,
        trainer: group('trainer'),
        model: group('model'),
        data: group('data'),
        checkpoint: group('checkpoint'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(config, (given) => {
        const [a, b] = [structuredClone(given), structuredClone(given)];
        expect(standalone(a)).toBe(reference(b));
        expect(a).toEqual(b);
        expect(places(standalone)).toEqual(places(reference));
      }),
      { numRuns: 500 },
    );
  });

  it('counts characters, not code units', () => {
    const check = evaluate(validatorCode({ validate: { schema: { type: 'string', maxLength: 1 } } }));
    expect(check('😀')).toBe(true);
    expect(check('ab')).toBe(false);
  });

  it('needs no library for formats and long enums', () => {
    const names = Array.from({ length: 500 }, (_, i) => `metric_${i}`);
    const check = evaluate(
      validatorCode({
        validate: {
          schema: {
            type: 'object',
            properties: { name: { enum: names }, mail: { type: 'string', format: 'email' } },
          },
        },
      }),
    );
    expect(check({ name: 'metric_499', mail: 'someone@example.org' })).toBe(true);
    expect(check({ name: 'metric_500' })).toBe(false);
    expect(check({ mail: 'nobody' })).toBe(false);
  });
});

/** Runs the code as a module would, without one. */
function evaluate(code: string): SchemaValidator<unknown> {
  return new Function(`${code}\nreturn validate;`)() as SchemaValidator<unknown>;
}

function places(validate: SchemaValidator<unknown>): string[] {
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

describe('checkpoint.monitor', () => {
  it('takes the metrics of the project only', () => {
    const problems = (text: string) => checkConfigFile(text, 'config.yaml', generated.definition).problems;
    expect(problems('checkpoint: {monitor: val_acc}')).toEqual([]);
    expect(problems('checkpoint:\n  monitor: val_accuracy\n')).toEqual([
      {
        code: 'PL2006',
        message: 'checkpoint.monitor: got "val_accuracy", wanted "train_loss" | "val_acc" | null',
        place: { file: 'config.yaml', line: 2, column: 12 },
      },
    ]);
  });

  it('takes any name where names are made at run time', () => {
    const { definition } = generate({ metricNames: undefined });
    expect(checkConfigFile('checkpoint: {monitor: whatever}', 'config.yaml', definition).problems).toEqual(
      [],
    );
  });
});

describe('a configuration file at build time', () => {
  it('is checked with places, though settings may be missing', () => {
    const text = 'seed: x\nmodel:\n  learningrate: 1\n  encoder: {dropoutRate: 2}\n';
    expect(checkConfigFile(text, 'config.yaml', generated.definition).problems).toEqual([
      {
        code: 'PL2004',
        message: 'no setting model.learningrate. Did you mean learningRate?',
        place: { file: 'config.yaml', line: 3, column: 3 },
      },
      {
        code: 'PL2006',
        message: 'seed: got "x", wanted integer ≥ 0 and ≤ 4294967295 | null',
        place: { file: 'config.yaml', line: 1, column: 7 },
      },
      {
        code: 'PL2006',
        message: 'model.encoder.dropoutRate: got 2, wanted number ≥ 0 and ≤ 1',
        place: { file: 'config.yaml', line: 4, column: 26 },
      },
    ]);
    expect(checkConfigFile('seed: [1', 'config.yaml', generated.definition).problems).toMatchObject([
      { code: 'PL2005', place: { line: 1 } },
    ]);
  });
});

describe('settings that share a variable', () => {
  it('are refused', () => {
    const project = openProject();
    const file = project.createSourceFile(
      join(root, 'src/clash.ts'),
      'export class Clash { constructor(hparams: { useBias: boolean; use_bias: boolean }) {} }',
    );
    const { problems } = generateConfig({ ...sourceOf(project), model: hparamsOf(file, 'Clash') });
    expect(problems.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'bad-name: settings model.useBias and model.use_bias would share the variable PL_MODEL_USE_BIAS: rename one',
    ]);
  });
});

describe("the runtime's own settings", () => {
  const options = new Project({
    compilerOptions: { strict: true, noResolve: true },
    skipFileDependencyResolution: true,
  }).addSourceFileAtPath(fileURLToPath(new URL('../../../runtime/src/trainer/options.ts', import.meta.url)));

  it('say in their comments the defaults that the trainer has', () => {
    const declaration = options.getInterfaceOrThrow('TrainerConfig');
    const { schema, problems } = groupToSchema(declaration.getType(), declaration);
    expect(problems.map(({ message }) => message)).toEqual([]);
    const filled = {};
    expect(compileSchema(schema)(filled)).toBe(true);
    expect(filled).toEqual(resolveTrainerConfig({}));
  });

  it('have a schema for checkpoints', () => {
    const declaration = options.getInterfaceOrThrow('CheckpointConfig');
    const replace = { monitor: { type: ['string', 'null'] } } as const;
    const { problems } = groupToSchema(declaration.getType(), declaration, { replace });
    expect(problems.map(({ message }) => message)).toEqual([]);
  });
});
