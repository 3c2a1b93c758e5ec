import { readFileSync } from 'node:fs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import * as tf from '../tf.js';
import { Adadelta } from './adadelta.js';
import { Adagrad } from './adagrad.js';
import { Adam } from './adam.js';
import { Adamax } from './adamax.js';
import { AdamW } from './adamw.js';
import { ASGD } from './asgd.js';
import { clearGrads, gradOf, setGrad } from './gradients.js';
import { NAdam } from './nadam.js';
import type { Optimizer, OptimizerOptions } from './optimizer.js';
import type { RestorableOptimizerState } from './optimizer-state.js';
import { RAdam } from './radam.js';
import { RMSprop } from './rmsprop.js';
import { Rprop } from './rprop.js';
import { SGD } from './sgd.js';

beforeAll(async () => {
  // An engine whose memory the host does not see: cpu's kernels behind a backend that is no MathBackendCPU.
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  await tf.setBackend('cpu');
  await tf.ready();
});

const variables: tf.Variable[] = [];
const optimizers: { dispose(): void }[] = [];
const variable = (...values: number[]) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  variables.push(v);
  return v;
};
const disposeLater = <T extends { dispose(): void }>(optimizer: T) => {
  optimizers.push(optimizer);
  return optimizer;
};
const values = (t: tf.Tensor) => [...t.dataSync()];

afterEach(() => {
  for (const optimizer of optimizers.splice(0)) optimizer.dispose();
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

/** Every kind of state: buffers, doubled slots, scalars beside `step`. */
const kinds: Record<string, (params: tf.Variable[]) => Optimizer> = {
  'SGD with momentum': (params) => new SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true }),
  Adam: (params) => new Adam(params, { amsgrad: true }),
  AdamW: (params) => new AdamW(params),
  RMSprop: (params) => new RMSprop(params, { momentum: 0.5, centered: true }),
  Adagrad: (params) => new Adagrad(params, { lrDecay: 0.1 }),
  Adadelta: (params) => new Adadelta(params),
  Adamax: (params) => new Adamax(params),
  NAdam: (params) => new NAdam(params),
  RAdam: (params) => new RAdam(params, { betas: [0.9, 0.9] }),
  Rprop: (params) => new Rprop(params),
  ASGD: (params) => new ASGD(params, { t0: 1 }),
};

const train = (optimizer: Optimizer, params: tf.Variable[], steps: number, from = 0) => {
  for (let step = from; step < from + steps; step++) {
    params.forEach((v, p) => {
      const grad = Array.from(v.dataSync(), (x, i) => x + Math.sin(step + p + i));
      setGrad(v, tf.tensor(grad, v.shape));
    });
    optimizer.step();
  }
};

describe('step', () => {
  test('returns what the closure returns, after running it first', () => {
    const v = variable(1);
    const optimizer = disposeLater(new SGD([v], { lr: 1 }));
    const loss = optimizer.step(() => {
      setGrad(v, tf.tensor1d([0.25]));
      return 42;
    });
    expect(loss).toBe(42);
    expect(values(v)).toEqual([0.75]);
  });

  test('leaves parameters without a gradient, and their state, alone', () => {
    const [used, unused] = [variable(1), variable(1)];
    const optimizer = disposeLater(new AdamW([used, unused], { weightDecay: 0.5 }));
    setGrad(used, tf.tensor1d([1]));
    optimizer.step();
    expect(values(unused)).toEqual([1]);
    const { state } = optimizer.stateDict((v) => (v === used ? 'used' : 'unused')).scalars;
    expect(state).toEqual({ used: { step: 1 }, unused: { step: 0 } });
  });

  test('follows a learning rate that changes between steps, per group', () => {
    const [a, b] = [variable(0), variable(0)];
    const optimizer = disposeLater(new SGD([{ params: [a] }, { params: [b], lr: 10 }], { lr: 1 }));
    setGrad(a, tf.tensor1d([1]));
    setGrad(b, tf.tensor1d([1]));
    optimizer.step();
    for (const group of optimizer.paramGroups) group.lr /= 2;
    optimizer.step();
    expect([values(a), values(b)]).toEqual([[-1.5], [-15]]);
    expect(optimizer.paramGroups.map(({ initialLr }) => initialLr)).toEqual([1, 10]);
  });

  test('does not write into a clone of a parameter', () => {
    const v = variable(1);
    const before = v.clone();
    const optimizer = disposeLater(new SGD([v], { lr: 1 }));
    setGrad(v, tf.tensor1d([1]));
    optimizer.step();
    expect([values(before), values(v)]).toEqual([[1], [0]]);
    before.dispose();
  });

  test.each(Object.entries(kinds))('%s makes and leaves no tensors', (_, make) => {
    const params = [variable(1, 2), variable(3)];
    const optimizer = disposeLater(make(params));
    train(optimizer, params, 1);
    const { numTensors } = tf.memory();
    train(optimizer, params, 3, 1);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('makes its state when it is made, not at the first step', () => {
    const v = variable(1, 2);
    setGrad(v, tf.tensor1d([1, 1]));
    const optimizer = disposeLater(new Adam([v]));
    const { numTensors } = tf.memory();
    optimizer.step();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('makes a momentum buffer when momentum is set later', () => {
    const v = variable(0);
    const optimizer = disposeLater(new SGD([v], { lr: 1 }));
    setGrad(v, tf.tensor1d([1]));
    optimizer.step();
    optimizer.paramGroups[0]!.momentum = 0.5;
    optimizer.step();
    optimizer.step();
    expect(values(v)).toEqual([-(1 + 1 + 1.5)]);
  });

  test.each(Object.entries(kinds))('%s computes the same bits on every engine', async (_, make) => {
    const run = async (backend: string) => {
      await tf.setBackend(backend);
      const params = [variable(1, -2, 0.5), variable(3)];
      const optimizer = make(params);
      train(optimizer, params, 2);
      const { numTensors } = tf.memory();
      train(optimizer, params, 2, 2);
      expect(tf.memory().numTensors).toBe(numTensors);
      const { tensors } = optimizer.stateDict((v) => (v === params[0] ? 'first' : 'second'));
      const result = [
        params.map(values),
        Object.entries(tensors).map(([name, slots]) => [
          name,
          Object.entries(slots).map(([s, t]) => [s, values(t)]),
        ]),
      ];
      optimizer.dispose();
      clearGrads(params);
      return result;
    };
    try {
      const expected = await run('cpu');
      expect(await run('device')).toEqual(expected);
      expect(await run('ort')).toEqual(expected);
    } finally {
      await tf.setBackend('cpu');
    }
  });
});

describe('zeroGrad', () => {
  test('empties the gradients of every group', () => {
    const [a, b] = [variable(0), variable(0)];
    const optimizer = disposeLater(new SGD([{ params: [a] }, { params: [b] }]));
    setGrad(a, tf.tensor1d([1]));
    setGrad(b, tf.tensor1d([1]));
    optimizer.zeroGrad();
    expect([gradOf(a), gradOf(b)]).toEqual([undefined, undefined]);
  });
});

describe('dispose', () => {
  test('frees the state and only that', () => {
    const { numTensors } = tf.memory();
    const v = variable(1);
    new Adam([v], { amsgrad: true }).dispose();
    expect(tf.memory().numTensors).toBe(numTensors + 1);
  });
});

describe('parameter groups', () => {
  const { param_groups: recorded } = JSON.parse(
    readFileSync(new URL('../../../test/reference/optimizers.json', import.meta.url), 'utf8'),
  ) as { param_groups: Record<string, { w: number[][]; b: number[] }[]> };

  test('follow the trajectory recorded from PyTorch (2e-5 relative)', () => {
    const steps = recorded['SGD([{w, lr=0.01}, {b, weight_decay=0.5}], lr=0.1, momentum=0.9)']!;
    const w = variable(0.5, -1, 2, 0.25, -0.125, 1.5);
    const b = variable(0.1, -0.2);
    const optimizer = disposeLater(
      new SGD(
        [
          { params: [w], lr: 0.01 },
          { params: [b], weightDecay: 0.5 },
        ],
        { lr: 0.1, momentum: 0.9 },
      ),
    );
    const [scaleW, centerW] = [
      [1, 0.5, 2, 3, 0.1, 10],
      [0.3, -0.7, 1.5, 0, -2, 0.25],
    ];
    const [scaleB, centerB] = [
      [4, 0.25],
      [1, -1],
    ];
    for (const step of steps) {
      setGrad(w, tf.tensor1d(values(w).map((x, i) => scaleW[i]! * (x - centerW[i]!))));
      setGrad(b, tf.tensor1d(values(b).map((x, i) => scaleB[i]! * (x - centerB[i]!))));
      optimizer.step();
      const expected = [...step.w.flat(), ...step.b];
      [...values(w), ...values(b)].forEach((x, i) => {
        expect(Math.abs(x - expected[i]!)).toBeLessThanOrEqual(2e-5 * Math.abs(expected[i]!) + 2e-7);
      });
    }
  });

  test('take what they do not set from the options, and undefined as not set', () => {
    const optimizer = disposeLater(
      new AdamW([{ params: [variable(0)], lr: undefined, name: 'head' }], { lr: undefined, eps: 1e-6 }),
    );
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 1e-3, eps: 1e-6, name: 'head', initialLr: 1e-3 });
  });

  test('can be added later', () => {
    const [a, b] = [variable(0), variable(0)];
    const optimizer = disposeLater(new SGD([a], { lr: 1 }));
    optimizer.addParamGroup({ params: [b], lr: 3 });
    setGrad(b, tf.tensor1d([1]));
    optimizer.step();
    expect(values(b)).toEqual([-3]);
    expect(() => optimizer.addParamGroup({ params: [a] })).toThrowError(
      expect.objectContaining({ code: 'PL7005' }),
    );
  });
});

describe('stateDict and loadStateDict', () => {
  /** What a checkpoint makes of a state: JSON, and copies of the tensors outside of the engine. */
  const throughFile = ({
    tensors,
    scalars,
  }: ReturnType<Optimizer['stateDict']>): RestorableOptimizerState => ({
    scalars: JSON.parse(JSON.stringify(scalars)),
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, slots]) => [
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
  const nameOf = (params: tf.Variable[]) => (v: tf.Variable) => `layer.${params.indexOf(v)}`;
  const variableOf = (params: tf.Variable[]) => (name: string) => params[Number(name.split('.')[1])];

  test.each(Object.entries(kinds))('%s resumes to the same bits', (_, make) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 4 }), (before, after) => {
        const params = [variable(1, -2), variable(0.5)];
        const optimizer = make(params);
        for (const group of optimizer.paramGroups as { lr: number }[]) group.lr *= 0.5;
        train(optimizer, params, before);
        const saved = throughFile(optimizer.stateDict(nameOf(params)));
        const weights = params.map(values);
        train(optimizer, params, after, before);

        const resumedParams = weights.map((w) => variable(...w));
        const resumed = make(resumedParams);
        resumed.loadStateDict(saved, variableOf(resumedParams));
        train(resumed, resumedParams, after, before);

        expect(resumedParams.map(values)).toEqual(params.map(values));
        expect(throughFile(resumed.stateDict(nameOf(resumedParams)))).toEqual(
          throughFile(optimizer.stateDict(nameOf(params))),
        );
        optimizer.dispose();
        resumed.dispose();
      }),
      { numRuns: 5 },
    );
  });

  test('names slots as PyTorch does and lists groups by parameter name', () => {
    const params = [variable(1), variable(2)];
    const optimizer = disposeLater(
      new Adam([{ params: [params[0]!], lr: 0.1, name: 'body' }, { params: [params[1]!] }]),
    );
    const { tensors, scalars } = optimizer.stateDict(nameOf(params));
    expect(Object.keys(tensors['layer.0']!)).toEqual(['exp_avg', 'exp_avg_sq']);
    expect(scalars.type).toBe('Adam');
    expect(scalars.param_groups).toMatchObject([
      { lr: 0.1, initialLr: 0.1, betas: [0.9, 0.999], name: 'body', params: ['layer.0'] },
      { lr: 0.001, params: ['layer.1'] },
    ]);
  });

  test('keeps the number of tensors when loading', () => {
    const params = [variable(1, 2)];
    const optimizer = disposeLater(new Adam(params, { amsgrad: true }));
    const saved = throughFile(optimizer.stateDict(nameOf(params)));
    const { numTensors } = tf.memory();
    optimizer.loadStateDict(saved, variableOf(params));
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('a schedule that ended below 0 can be resumed', () => {
    const params = [variable(1)];
    const optimizer = disposeLater(new Adam(params));
    const saved = throughFile(optimizer.stateDict(nameOf(params)));
    saved.scalars.param_groups[0]!.lr = -1e-9;
    optimizer.loadStateDict(saved, variableOf(params));
    expect(optimizer.paramGroups[0]!.lr).toBe(-1e-9);
  });

  describe('refuses, without changing anything,', () => {
    type Saved = ReturnType<typeof throughFile>;
    const group = (saved: Saved) => saved.scalars.param_groups[0]!;
    const last = (saved: Saved) => saved.tensors['layer.1']!;
    const cases: [string, string, (saved: Saved) => unknown][] = [
      [
        'the state of another optimizer',
        'belongs to SGD',
        ({ scalars }) => Object.assign(scalars, { type: 'SGD' }),
      ],
      ['another number of groups', '0 param groups', ({ scalars }) => scalars.param_groups.pop()],
      ['a group without parameters', 'lists no', (saved) => Object.assign(group(saved), { params: 3 })],
      [
        'a state without groups',
        'no param groups',
        (saved) => Object.assign(saved, { scalars: { type: 'Adam' } }),
      ],
      ['an unknown parameter', "'layer.7'", (saved) => group(saved).params.push('layer.7')],
      ['a missing parameter', 'lacks variable', (saved) => group(saved).params.pop()],
      ['a parameter listed twice', "'layer.0'", (saved) => group(saved).params.splice(1, 1, 'layer.0')],
      ['a missing slot', "lacks exp_avg_sq of 'layer.1'", (saved) => delete last(saved).exp_avg_sq],
      ['a missing step', "lacks step of 'layer.1'", ({ scalars }) => delete scalars.state['layer.1']!.step],
      [
        'another shape',
        'float32 [3] with 3 values, wanted float32 [1]',
        (saved) => Object.assign(last(saved).exp_avg!, { shape: [3], data: [1, 2, 3] }),
      ],
      [
        'too few values',
        'float32 [1] with 0 values',
        (saved) => Object.assign(last(saved).exp_avg!, { data: [] }),
      ],
      ['another type', 'int32', (saved) => Object.assign(last(saved).exp_avg!, { dtype: 'int32' })],
      ['a missing initial learning rate', 'no initialLr', (saved) => delete group(saved).initialLr],
    ];
    test.each(cases)('%s', (_, message, spoil) => {
      const params = [variable(1, 2), variable(3)];
      const optimizer = disposeLater(new Adam(params));
      train(optimizer, params, 2);
      const saved = throughFile(optimizer.stateDict(nameOf(params)));
      train(optimizer, params, 1, 2);
      const before = throughFile(optimizer.stateDict(nameOf(params)));
      spoil(saved);
      expect(() => optimizer.loadStateDict(saved, variableOf(params))).toThrowError(
        expect.objectContaining({ code: 'PL7006', message: expect.stringContaining(message) }),
      );
      expect(throughFile(optimizer.stateDict(nameOf(params)))).toEqual(before);
    });

    test('options out of range', () => {
      const params = [variable(1)];
      const optimizer = disposeLater(new Adam(params));
      const saved = throughFile(optimizer.stateDict(nameOf(params)));
      saved.scalars.param_groups[0]!.eps = -1;
      expect(() => optimizer.loadStateDict(saved, variableOf(params))).toThrowError(
        expect.objectContaining({
          code: 'PL7003',
          message: expect.stringContaining('saved param group 0: eps'),
        }),
      );
    });
  });
});

describe('wrong arguments', () => {
  const make = (f: (v: tf.Variable) => unknown) => () => {
    disposeLater(f(variable(0)) as { dispose(): void });
  };
  test.each<[string, string, string, (v: tf.Variable) => unknown]>([
    ['SGD lr=-1', 'PL7003', 'lr must be a number of at least 0, got -1', (v) => new SGD([v], { lr: -1 })],
    ['SGD lr=NaN', 'PL7003', 'got NaN', (v) => new SGD([v], { lr: Number.NaN })],
    ['SGD momentum=-1', 'PL7003', 'momentum', (v) => new SGD([v], { momentum: -1 })],
    ['SGD nesterov without momentum', 'PL7003', 'nesterov', (v) => new SGD([v], { nesterov: true })],
    ['SGD weight_decay=-1', 'PL7003', 'weightDecay', (v) => new SGD([v], { weightDecay: -1 })],
    ['Adam betas=(1.0,0.9)', 'PL7003', 'betas', (v) => new Adam([v], { betas: [1, 0.9] })],
    ['Adam betas=(0.9,1.0)', 'PL7003', 'betas', (v) => new Adam([v], { betas: [0.9, 1] })],
    ['Adam eps=-1', 'PL7003', 'eps', (v) => new Adam([v], { eps: -1 })],
    ['RMSprop alpha=-1', 'PL7003', 'alpha', (v) => new RMSprop([v], { alpha: -1 })],
    ['Adagrad lr_decay=-1', 'PL7003', 'lrDecay', (v) => new Adagrad([v], { lrDecay: -1 })],
    ['Adadelta rho=2', 'PL7003', 'rho', (v) => new Adadelta([v], { rho: 2 })],
    ['Rprop etas the wrong way round', 'PL7003', 'etas', (v) => new Rprop([v], { etas: [1.2, 0.5] })],
    ['a wrong option in a group', 'PL7003', 'SGD: lr', (v) => new SGD([{ params: [v], lr: -2 }])],
    ['SGD empty list', 'PL7005', 'empty', () => new SGD([])],
    ['SGD a tensor', 'PL7005', 'a list of variables', (v) => new SGD(v as unknown as tf.Variable[])],
    [
      'SGD a list of tensors',
      'PL7005',
      'tensor of shape [1]',
      (v) => new SGD([v.clone() as tf.Tensor as tf.Variable]),
    ],
    ['SGD duplicate group', 'PL7005', 'more than once', (v) => new SGD([{ params: [v] }, { params: [v] }])],
    ['SGD the same variable twice', 'PL7005', 'more than once', (v) => new SGD([v, v])],
    [
      'an unknown option',
      'PL7004',
      "'weight_decay'",
      (v) => new SGD([v], { weight_decay: 1 } as Partial<OptimizerOptions>),
    ],
  ])('%s', (_, code, message, f) => {
    expect(make(f)).toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('integer variables', () => {
    const v = tf.variable(tf.tensor1d([1], 'int32'));
    variables.push(v);
    expect(() => new SGD([v])).toThrowError(expect.objectContaining({ code: 'PL7005' }));
  });

  test('the hint for an unknown option names the nearest one', () => {
    try {
      new SGD([variable(0)], { weight_decay: 1 } as Partial<OptimizerOptions>);
      expect.unreachable();
    } catch (error) {
      expect((error as { hint: string }).hint).toContain("'weightDecay'");
    }
  });
});
