import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ts } from 'ts-morph';
import { describe, expect, test } from 'vitest';
import type { BoundHook, LoopPlan } from './loop-plan.js';
import { specialiseLoop } from './specialise-loop.js';

const hook = (method: string, rest: Partial<BoundHook> = {}): BoundHook => ({
  method,
  parameters: Number.POSITIVE_INFINITY,
  awaited: true,
  returnsNothing: false,
  ...rest,
});

const plan = (hooks: Record<string, BoundHook>): LoopPlan => ({
  functionName: 'fit',
  modelType: 'Model',
  batchType: 'Batch',
  doc: 'A loop.',
  hooks: new Map(Object.entries(hooks)),
});

/** The body of a loop that is specialised, without the function around it. */
function specialised(body: string, hooks: Record<string, BoundHook> = {}): string {
  const indented = body.replace(/^(?=.)/gm, '  ');
  const source = `export async function loop<Batch>(run: FitRun<Batch>, hooks: Hooks): Promise<void> {\n${indented}\n}\n`;
  const { text } = specialiseLoop(source, plan(hooks));
  return text.split('\n').slice(2, -2).join('\n').replace(/^ {2}/gm, '');
}

describe('a call of a hook', () => {
  test('becomes a call of the method', () => {
    expect(specialised('await hooks.x?.(a, b);', { x: hook('m') })).toBe('await model.m(a, b);');
    expect(specialised('f(hooks.x!(a));', { x: hook('m') })).toBe('f(model.m(a));');
  });

  test('has as many arguments as the method takes', () => {
    expect(specialised('hooks.x?.(a, b, c);', { x: hook('m', { parameters: 1 }) })).toBe('model.m(a);');
    expect(specialised('hooks.x?.(a, b, c);', { x: hook('m', { parameters: 0 }) })).toBe('model.m();');
  });

  test('converts what the method wants narrower', () => {
    const narrow = hook('m', { casts: [undefined, 'Parameters<Model["m"]>[1]'] });
    expect(specialised('hooks.x?.(a, b);', { x: narrow })).toBe(
      'model.m(a, b as Parameters<Model["m"]>[1]);',
    );
  });

  test('is not awaited where there is nothing to wait for', () => {
    expect(specialised('await hooks.x?.();', { x: hook('m', { awaited: false }) })).toBe('model.m();');
    expect(specialised('const y = await hooks.x?.();\nf(y);', { x: hook('m', { awaited: false }) })).toBe(
      'const y = model.m();\nf(y);',
    );
  });

  test('disappears with its comment where the class lacks the hook', () => {
    const body =
      'f();\n\n// Of the hook.\nawait hooks.x?.(a); // Of the hook, too.\n\n// Of what follows.\ng();';
    expect(specialised(body)).toBe('f();\n\n// Of what follows.\ng();');
  });

  test('takes along a condition that was only there for it', () => {
    expect(specialised('f();\nif (loss) hooks.x?.(loss);\ng();')).toBe('f();\ng();');
    expect(specialised('if (run.due && !run.late) {\n  hooks.x?.();\n}\ng();')).toBe('g();');
    expect(specialised('if (loss) hooks.x?.(loss);\nelse g();')).toBe('if (!loss) g();');
    expect(specialised('if (loss) g();\nelse hooks.x?.(loss);')).toBe('if (loss) g();');
  });

  test('leaves a condition that does something', () => {
    expect(specialised('if (run.advance()) hooks.x?.();')).toBe('run.advance();');
  });
});

describe('a comparison of what a hook returns', () => {
  const body = 'if ((await hooks.x?.(a)) === -1) {\n  run.skip();\n  break;\n}\nf();';

  test('is false where the class lacks the hook', () => {
    expect(specialised(body)).toBe('f();');
    expect(specialised(body.replace('===', '!=='))).toBe('run.skip();\nbreak;\nf();');
  });

  test('stays where the method returns something', () => {
    expect(specialised(body, { x: hook('m') })).toBe(
      'if ((await model.m(a)) === -1) {\n  run.skip();\n  break;\n}\nf();',
    );
    expect(specialised(body, { x: hook('m', { awaited: false }) })).toContain('if (model.m(a) === -1) {');
  });

  test('is only the call where the method returns nothing', () => {
    expect(specialised(body, { x: hook('m', { returnsNothing: true }) })).toBe('await model.m(a);\nf();');
  });
});

describe('a choice between a hook and the default', () => {
  const body = 'if (hooks.x) {\n  // The hook.\n  hooks.x(a);\n} else {\n  // The default.\n  f(a);\n}\ng();';

  test('keeps the branch that applies', () => {
    expect(specialised(body, { x: hook('m') })).toBe('// The hook.\nmodel.m(a);\ng();');
    expect(specialised(body)).toBe('// The default.\nf(a);\ng();');
  });

  test('keeps its braces where its names could meet others', () => {
    expect(specialised('if (!hooks.x) {\n  const a = f();\n  g(a);\n}\nh(a);')).toBe(
      '{\n  const a = f();\n  g(a);\n}\nh(a);',
    );
    expect(specialised('if (!hooks.x) {\n  const a = f();\n  g(a);\n}\nh();')).toBe(
      'const a = f();\ng(a);\nh();',
    );
  });

  test('may stand in the middle of a chain', () => {
    const chain = 'if (run.a) {\n  f();\n} else if (hooks.x) {\n  hooks.x();\n} else {\n  g();\n}';
    expect(specialised(chain)).toBe('if (run.a) {\n  f();\n} else {\n  g();\n}');
    expect(specialised(chain, { x: hook('m') })).toBe('if (run.a) {\n  f();\n} else {\n  model.m();\n}');
    expect(specialised('if (run.a) {\n  f();\n} else if (hooks.x) {\n  hooks.x();\n}')).toBe(
      'if (run.a) {\n  f();\n}',
    );
  });

  test.each([
    ['f(hooks.x ? 1 : 2);', 'f(1);', 'f(2);'],
    ['if (!hooks.x && run.due) f();', '', 'if (run.due) f();'],
    ['if (hooks.x || run.due) f();', 'f();', 'if (run.due) f();'],
    ['if (hooks.x !== undefined) f();', 'f();', ''],
    ['if (hooks.x === undefined) f();', '', 'f();'],
    ['f(hooks.x?.() ?? 3);', 'f(model.m() ?? 3);', 'f(3);'],
  ])('%s', (loop, present, absent) => {
    expect(specialised(loop, { x: hook('m') })).toBe(present);
    expect(specialised(loop)).toBe(absent);
  });
});

test('what is known of every run decides, too', () => {
  const source =
    'export async function l(run: R, hooks: H) {\n  if (!run.manual) {\n    f();\n  } else {\n    g();\n  }\n}';
  const facts = (manual: boolean) => specialiseLoop(source, { ...plan({}), facts: { manual } }).text;
  expect(facts(true)).toContain('{\n  g();\n}');
  expect(facts(false)).toContain('{\n  f();\n}');
});

test('locals that nobody reads any more go, what computes them stays if it acts', () => {
  expect(specialised('const { a, b } = run;\nf(b);\nhooks.x?.(a);')).toBe('const { b } = run;\nf(b);');
  expect(specialised('const { a } = run;\nhooks.x?.(a);')).toBe('');
  expect(specialised('const a = run.next();\nhooks.x?.(a);')).toBe('run.next();');
  expect(specialised('const a = run.a;\nconst b = a;\nhooks.x?.(b);')).toBe('');
});

test('a hook that is passed around is refused, not miscompiled', () => {
  expect(() => specialised('f(hooks.x);')).toThrow(/hooks\.x as a value/);
});

test('a batch type of the name Batch is no type parameter', () => {
  const { text } = specialiseLoop(
    'export async function l<Batch>(run: R<Batch>, hooks: H<Batch>) {\n  f();\n}',
    plan({}),
  );
  expect(text).toBe('/** A loop. */\nexport async function fit(run: R<Batch>, model: Model) {\n  f();\n}\n');
});

describe.each(['fit-loop', 'evaluation-loop'])("the runtime's %s", (name) => {
  const source = readFileSync(new URL(`../../../runtime/src/loops/${name}.ts`, import.meta.url), 'utf8');
  const mentioned = [
    ...new Set(
      Array.from(source.replace(/\/\*.*?\*\//gs, '').matchAll(/hooks\.(\w+)/g), (match) => match[1]!),
    ),
  ];
  const required = name === 'fit-loop' ? 'training_step' : 'evaluation_step';
  const optional = mentioned.filter((hookName) => hookName !== required);

  test('becomes code with exactly the hooks of the class', () => {
    fc.assert(
      fc.property(fc.subarray(optional), fc.boolean(), fc.boolean(), (chosen, awaited, returnsNothing) => {
        const hooks = Object.fromEntries(
          [required, ...chosen].map((hookName) => [
            hookName,
            hook(`m_${hookName}`, { awaited, returnsNothing }),
          ]),
        );
        const { text } = specialiseLoop(source, plan(hooks));
        const called = new Set(Array.from(text.matchAll(/model\.m_(\w+)\(/g), (match) => match[1]!));
        expect([...called].sort()).toEqual([required, ...chosen].sort());
        expect(text).not.toMatch(/\bhooks\b|^\s*undefined;|\(undefined\)|if \((true|false)\)|\n\n\n|\{\n\n/m);
        const { diagnostics = [] } = ts.transpileModule(text, { reportDiagnostics: true });
        expect(diagnostics).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
