import { readFileSync } from 'node:fs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { backward } from './backward.js';
import type { Values } from './elementwise-optimizer.js';
import { clearGrads } from './gradients.js';
import { LBFGS, type LBFGSOptions } from './lbfgs.js';
import { iterate } from './lbfgs-iterations.js';
import type { RestorableOptimizerState } from './optimizer-state.js';

interface Recorded {
  args: Record<string, unknown>;
  steps: { returned_loss: number; closure_calls: number; w?: number[][]; b?: number[]; x?: number[] }[];
}
const { lbfgs, problem } = JSON.parse(
  readFileSync(new URL('../../../test/reference/optimizers.json', import.meta.url), 'utf8'),
) as {
  lbfgs: Record<string, Recorded>;
  problem: Record<'w0' | 'A' | 'C', number[][]> & Record<'b0' | 'BA' | 'BC', number[]>;
};

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const optionsOf = ({ args }: Recorded) =>
  Object.fromEntries(Object.entries(args).map(([k, v]) => [camelCase(k), v])) as Partial<LBFGSOptions>;

/** [weights], gradient and loss of the two functions that were recorded. */
const quadratic = {
  start: [...problem.w0.flat(), ...problem.b0],
  scale: [...problem.A.flat(), ...problem.BA],
  center: [...problem.C.flat(), ...problem.BC],
};
const functions = {
  quadratic: {
    start: quadratic.start,
    evaluate: (x: Values) => {
      const grad = Float64Array.from(x, (value, i) => quadratic.scale[i]! * (value - quadratic.center[i]!));
      const loss = grad.reduce((sum, g, i) => sum + (0.5 * g * g) / quadratic.scale[i]!, 0);
      return { loss, grad: grad as Values };
    },
  },
  rosenbrock: {
    start: [-1.2, 1],
    evaluate: (x: Values) => {
      const [a, b] = [x[0]!, x[1]!];
      return {
        loss: (1 - a) ** 2 + 100 * (b - a * a) ** 2,
        grad: Float64Array.of(-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)) as Values,
      };
    },
  },
};
const resultOf = (step: Recorded['steps'][number]) => step.x ?? [...step.w!.flat(), ...step.b!];

beforeAll(async () => {
  // An engine whose memory the host does not see: cpu's kernels behind a backend that is no MathBackendCPU.
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  await tf.setBackend('cpu');
  await tf.ready();
});

const variables: tf.Variable[] = [];
const variable = (values: number[]) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  variables.push(v);
  return v;
};
afterEach(() => {
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

describe('in float64 the iterations are those recorded from PyTorch 2.14.1', () => {
  test.each(Object.entries(lbfgs).filter(([name]) => name.includes('float64')))('%s', (name, recorded) => {
    const { start, evaluate } = functions[name.includes('rosenbrock') ? 'rosenbrock' : 'quadratic'];
    const x = Float64Array.from(start);
    const vector = () => new Float64Array(x.length);
    const memory = {
      iterations: 0,
      evaluations: 0,
      direction: vector(),
      previousGrad: vector(),
      previousLoss: 0,
      stepLength: 0,
      scale: 1,
      corrections: [],
    };
    const options = {
      lr: 1,
      maxIter: 20,
      maxEval: null,
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
      ...optionsOf(recorded),
    };
    recorded.steps.forEach((step, i) => {
      let calls = 1;
      const first = evaluate(x);
      expect(Math.abs(first.loss - step.returned_loss)).toBeLessThanOrEqual(
        1e-9 * step.returned_loss + 1e-12,
      );
      const count = (at: Values) => {
        calls += 1;
        return evaluate(at);
      };
      iterate(x, first, count, memory, () => ({ gradChange: vector(), step: vector(), rho: 0 }), options);
      expect([i, calls]).toEqual([i, step.closure_calls]);
      resultOf(step).forEach((want, k) => {
        const allowed = 1e-9 * Math.abs(want) + 1e-10;
        expect(Math.abs(x[k]! - want), `step ${i + 1}, element ${k}`).toBeLessThanOrEqual(allowed);
      });
    });
  });
});

/** A closure as training has one: gradients cleared, loss and gradients from tfjs's tape. */
const closureFor = (params: tf.Variable[], loss: () => tf.Scalar) => () => {
  clearGrads(params);
  return backward(loss, params)!;
};
const quadraticIn = (w: tf.Variable, b: tf.Variable) =>
  closureFor([w, b], () => {
    const term = (v: tf.Variable, scale: number[], center: number[]) =>
      tf
        .tensor1d(scale)
        .mul(v.sub(tf.tensor1d(center)).square())
        .sum()
        .mul(0.5);
    return tf.add(term(w, problem.A.flat(), problem.C.flat()), term(b, problem.BA, problem.BC)) as tf.Scalar;
  });
const rosenbrockIn = (x: tf.Variable) =>
  closureFor([x], () => {
    const [a, b] = tf.split(x, 2) as [tf.Tensor, tf.Tensor];
    return tf.sub(1, a).square().add(b.sub(a.square()).square().mul(100)).squeeze() as tf.Scalar;
  });

/*
 * Tolerance 2e-5, as for the other optimizers; Rosenbrock's valley multiplies roundoff from step to step of the line
 * search, so there 1e-3. Roundoff also decides when iterations stop: the number of evaluations is not compared.
 */
describe.each(['cpu', 'device'])(
  'on %s in float32 the optimizer follows what PyTorch 2.14.1 did',
  (backend) => {
    beforeAll(async () => {
      await tf.setBackend(backend);
    });
    afterAll(() => tf.setBackend('cpu'));

    test.each(Object.entries(lbfgs).filter(([name]) => name.includes('float32')))('%s', (name, recorded) => {
      const isRosenbrock = name.includes('rosenbrock');
      const params = isRosenbrock
        ? [variable([-1.2, 1])]
        : [variable(problem.w0.flat()), variable(problem.b0)];
      const closure = isRosenbrock ? rosenbrockIn(params[0]!) : quadraticIn(params[0]!, params[1]!);
      const optimizer = new LBFGS(params, optionsOf(recorded));
      const tolerance = isRosenbrock && name.includes('strong_wolfe') ? 1e-3 : 2e-5;
      recorded.steps.forEach((step, i) => {
        optimizer.step(closure)!.dispose();
        const reached = params.flatMap((v) => [...v.dataSync()]);
        resultOf(step).forEach((want, k) => {
          const difference = Math.abs(reached[k]! - want);
          expect(difference, `step ${i + 1}, element ${k}`).toBeLessThanOrEqual(
            tolerance * Math.max(1, Math.abs(want)),
          );
        });
      });
      optimizer.dispose();
    });
  },
);

describe('LBFGS', () => {
  const copyOf = (dict: ReturnType<LBFGS['stateDict']>): RestorableOptimizerState => ({
    scalars: JSON.parse(JSON.stringify(dict.scalars)),
    tensors: Object.fromEntries(
      Object.entries(dict.tensors).map(([name, slots]) => [
        name,
        Object.fromEntries(
          Object.entries(slots).map(([slot, t]) => [
            slot,
            { shape: t.shape, dtype: t.dtype, data: t.dataSync().slice() },
          ]),
        ),
      ]),
    ),
  });

  test('resumes to the same bits, with a history that overflows', () => {
    const options: Partial<LBFGSOptions> = { historySize: 3, maxIter: 2, lineSearchFn: 'strong_wolfe' };
    const x = variable([-1.2, 1]);
    const optimizer = new LBFGS([x], options);
    for (let i = 0; i < 4; i++) optimizer.step(rosenbrockIn(x))!.dispose();
    const saved = copyOf(optimizer.stateDict(() => 'x'));
    const resumedX = variable([...x.dataSync()]);
    const resumed = new LBFGS([resumedX], options);
    resumed.loadStateDict(saved, (name) => (name === 'x' ? resumedX : undefined));
    for (let i = 0; i < 3; i++) {
      optimizer.step(rosenbrockIn(x))!.dispose();
      resumed.step(rosenbrockIn(resumedX))!.dispose();
    }
    expect([...resumedX.dataSync()]).toEqual([...x.dataSync()]);
    expect(copyOf(resumed.stateDict(() => 'x'))).toEqual(copyOf(optimizer.stateDict(() => 'x')));
    expect(Object.keys(saved.tensors.x!)).toContain('old_dirs.2');
    optimizer.dispose();
    resumed.dispose();
  });

  test('keeps the number of tensors once its history is full, and frees it', () => {
    const before = tf.memory().numTensors;
    const x = variable([-1.2, 1]);
    const optimizer = new LBFGS([x], { historySize: 2, maxIter: 4, lr: 1e-3 });
    const step = () => {
      optimizer.step(rosenbrockIn(x))!.dispose();
      return tf.memory().numTensors;
    };
    const full = step();
    expect([step(), step()]).toEqual([full, full]);
    optimizer.dispose();
    clearGrads([x]);
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  test('counts parameters without a gradient as flat', () => {
    const [used, unused] = [variable([1]), variable([1])];
    const optimizer = new LBFGS([used, unused], { lr: 0.5 });
    optimizer.step(closureFor([used, unused], () => used.square().sum()))!.dispose();
    expect(Math.abs(used.dataSync()[0]!)).toBeLessThan(1e-3);
    expect(unused.dataSync()[0]).toBe(1);
    optimizer.dispose();
  });

  test('puts the parameters back when the closure fails', () => {
    const x = variable([-1.2, 1]);
    const optimizer = new LBFGS([x], { lineSearchFn: 'strong_wolfe' });
    const closure = rosenbrockIn(x);
    let calls = 0;
    const failing = () => {
      calls += 1;
      if (calls === 2) throw new RangeError('no data');
      return closure();
    };
    expect(() => optimizer.step(failing)).toThrow('no data');
    expect([...x.dataSync()]).toEqual([Math.fround(-1.2), 1]);
    optimizer.dispose();
  });

  test('needs a closure that returns a loss', () => {
    const optimizer = new LBFGS([variable([1])]);
    expect(() => optimizer.step()).toThrowError(expect.objectContaining({ code: 'PL7008' }));
    expect(() => optimizer.step(() => undefined)).toThrowError(expect.objectContaining({ code: 'PL7008' }));
    optimizer.dispose();
  });

  test('takes one group only', () => {
    const [a, b] = [variable([1]), variable([1])];
    expect(() => new LBFGS([{ params: [a] }, { params: [b] }])).toThrowError(
      expect.objectContaining({ code: 'PL7005' }),
    );
    const optimizer = new LBFGS([a]);
    expect(() => optimizer.addParamGroup({ params: [b] })).toThrowError(
      expect.objectContaining({ code: 'PL7005' }),
    );
    optimizer.dispose();
  });

  test('refuses a state with a missing pair, and keeps its own', () => {
    const x = variable([-1.2, 1]);
    const optimizer = new LBFGS([x], { lr: 1e-3, maxIter: 3 });
    optimizer.step(rosenbrockIn(x))!.dispose();
    const state = copyOf(optimizer.stateDict(() => 'x'));
    const broken = copyOf(optimizer.stateDict(() => 'x'));
    delete broken.tensors.x!['old_stps.0'];
    expect(() => optimizer.loadStateDict(broken, () => x)).toThrowError(
      expect.objectContaining({ code: 'PL7006', message: expect.stringContaining('old_stps.0') }),
    );
    expect(copyOf(optimizer.stateDict(() => 'x'))).toEqual(state);
    optimizer.dispose();
  });
});
