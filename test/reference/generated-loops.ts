import { fileURLToPath } from 'node:url';
import {
  type CompiledLoops,
  type HookName,
  type HookTable,
  type LightningModule,
  registerCompiled,
} from '@pl-ts/runtime';
import { transformSync } from 'esbuild';
import { readReferenceLoops } from '../../transformer/src/specialise/reference-loops.js';
import { specialiseLoop } from '../../transformer/src/specialise/specialise-loop.js';

const root = fileURLToPath(new URL('../../runtime', import.meta.url));
const references = readReferenceLoops({ root, types: '' });

const steps = {
  fit: 'training_step',
  validation: 'validation_step',
  test: 'test_step',
  predict: 'predict_step',
} as const;

type Loop = keyof typeof steps;

/** From here on the class of a model runs through loops that the compiler made for it. Its methods are named as the hooks. */
export async function useGeneratedLoops(model: LightningModule, hooks: readonly HookName[]): Promise<void> {
  const { automaticOptimization } = model;
  const loops: Record<string, unknown> = {};
  for (const loop of Object.keys(steps) as Loop[]) {
    if (hooks.includes(steps[loop])) loops[loop] = await load(loopText(loop, hooks, automaticOptimization));
  }
  registerCompiled(model.constructor as new () => LightningModule, {
    hooks: Object.fromEntries(hooks.map((hook) => [hook, hook])) as HookTable<LightningModule>,
    loops: loops as CompiledLoops<LightningModule>,
  });
}

/** One of a class's loops, in TypeScript, as the compiler writes it into `src/generated/fit-loop.ts`. */
function loopText(loop: Loop, hooks: readonly HookName[], automaticOptimization: boolean): string {
  const { text } = specialiseLoop(loop === 'fit' ? references.fit : references.evaluation, {
    functionName: 'run',
    modelType: 'Model',
    batchType: 'Batch',
    doc: 'A loop.',
    facts: loop === 'fit' ? { automaticOptimization } : {},
    hooks: new Map(
      hooks.map((hook) => [
        loop === 'fit' ? hook : hook.replace(loop, 'evaluation'),
        { method: hook, parameters: Number.POSITIVE_INFINITY, awaited: true, returnsNothing: false },
      ]),
    ),
  });
  return text;
}

const loaded = new Map<string, Promise<unknown>>();

function load(text: string): Promise<unknown> {
  let loop = loaded.get(text);
  if (loop === undefined) {
    const { code } = transformSync(text, { loader: 'ts', format: 'esm' });
    loop = import(`data:text/javascript,${encodeURIComponent(code)}`).then(({ run }) => run);
    loaded.set(text, loop);
  }
  return loop;
}
