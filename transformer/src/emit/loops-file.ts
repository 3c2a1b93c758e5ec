import type { Analysis } from '../analysis.js';
import type { HookCatalog } from '../discovery/hook-catalog.js';
import { RUNTIME } from '../discovery/runtime-package.js';
import type { ReferenceLoops } from '../specialise/reference-loops.js';
import { specialiseLoop } from '../specialise/specialise-loop.js';
import { batchType } from './batch-type.js';
import { boundHook } from './bound-hook.js';
import { type CompiledClass, compiledClasses, instanceType, prefixOf } from './compiled-class.js';
import { BANNER, type GeneratedFile } from './generated-file.js';
import { Imports } from './imports.js';
import { loopFacts } from './loop-facts.js';

/** The loops that a module can have, and the step that each needs. */
const loops = {
  fit: { step: 'training_step', doc: 'The training loop of' },
  validation: { step: 'validation_step', doc: 'One pass over the validation data with' },
  test: { step: 'test_step', doc: 'One pass over the test data with' },
  predict: { step: 'predict_step', doc: 'One pass over the data to predict with' },
} as const;

type Loop = keyof typeof loops;

/** Names that the reference loops use and that the functions have. */
const RESERVED = [...Object.keys(loops), 'FitRun', 'EvaluationRun', 'run', 'model'];

/** `fit-loop.ts`: for each module its loops, with only the hooks that it has. */
export function loopsFile(path: string, analysis: Analysis, references: ReferenceLoops): GeneratedFile {
  const modules = compiledClasses(analysis).filter(({ source }) => source.kind === 'module');
  const { catalog } = analysis;
  if (catalog === undefined || modules.length === 0) return { path, text: `${BANNER}\nexport {};\n` };
  const writer = new LoopWriter(new Imports(path, RESERVED), catalog, references, modules.length > 1);
  const texts = modules.map((module) => writer.loopsOf(module));
  return { path, text: `${BANNER}\n${writer.imports}import './hooks.js';\n\n${texts.join('\n')}` };
}

class LoopWriter {
  constructor(
    readonly imports: Imports,
    private readonly catalog: HookCatalog,
    private readonly references: ReferenceLoops,
    private readonly hasSeveralModules: boolean,
  ) {}

  /** The loops of a module, and the call that makes them known to the runtime. */
  loopsOf(module: CompiledClass): string {
    const className = this.imports.value(module.imported);
    const own = (Object.keys(loops) as Loop[]).filter((loop) => module.source.hooks.has(loops[loop].step));
    const functions = own.map((loop) => this.#loop(loop, module, className));
    const register = this.imports.value({ name: 'registerCompiled', from: RUNTIME });
    const names = own.map((loop) => {
      const name = this.#functionName(loop, module);
      return name === loop ? loop : `${loop}: ${name}`;
    });
    const parts = names.length === 0 ? '{}' : `{ ${names.join(', ')} }`;
    return [...functions, `${register}(${className}, { loops: ${parts} });\n`].join('\n');
  }

  #functionName(loop: Loop, module: CompiledClass): string {
    return this.hasSeveralModules
      ? `${prefixOf(module)}${loop.charAt(0).toUpperCase()}${loop.slice(1)}`
      : loop;
  }

  #loop(loop: Loop, module: CompiledClass, className: string): string {
    const { source } = module;
    const { step, doc } = loops[loop];
    const modelType = instanceType(source, className);
    const { text, runtimeTypes } = specialiseLoop(
      loop === 'fit' ? this.references.fit : this.references.evaluation,
      {
        functionName: this.#functionName(loop, module),
        modelType,
        batchType: batchType(source, step, modelType, this.imports),
        ...(loop === 'fit' && { facts: loopFacts(source) }),
        doc: `${doc} ${className}.`,
        hooks: new Map(
          Array.from(source.hooks.keys(), (hook) => [
            loop === 'fit' ? hook : hook.replace(loop, 'evaluation'),
            boundHook(source, hook, modelType, this.catalog),
          ]),
        ),
      },
    );
    for (const name of runtimeTypes) this.imports.type({ name, from: RUNTIME });
    return text;
  }
}
