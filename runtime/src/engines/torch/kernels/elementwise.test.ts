import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import * as tf from '../../../tf.js';
import { alike, type DType, expectAsOnCpu, one, operand, small } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const pairsOfShapes = fc.constantFrom<[number[], number[]]>(
  [[], []],
  [[4], [4]],
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[], [2, 3]],
  [[0], [1]],
  [
    [2, 0],
    [2, 0],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [1, 2, 1, 2, 1, 2],
    [2, 1, 2, 1, 2, 1],
  ],
);

const two = (a: DType, b: DType, numbers?: fc.Arbitrary<number>, more = numbers) =>
  pairsOfShapes.chain(([shapeA, shapeB]) =>
    fc.tuple(operand(a, fc.constant(shapeA), numbers), operand(b, fc.constant(shapeB), more)),
  );

/** Integers whose products fit 32 bits: `cpu` multiplies float64. */
const factors = fc.integer({ min: -4096, max: 4096 });

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const ofReals: Record<string, Unary> = {
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  cos: tf.cos,
  cosh: tf.cosh,
  elu: tf.elu,
  erf: tf.erf,
  exp: tf.exp,
  expm1: tf.expm1,
  log: tf.log,
  log1p: tf.log1p,
  rsqrt: tf.rsqrt,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  sin: tf.sin,
  sinh: tf.sinh,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  tan: tf.tan,
  tanh: tf.tanh,
};

/** Those that tfjs also lets integers through to, whose results lose their fraction. */
const ofIntegersToo: Record<string, Unary> = {
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  exp: tf.exp,
  expm1: tf.expm1,
  log1p: tf.log1p,
  selu: tf.selu,
  sinh: tf.sinh,
  softplus: tf.softplus,
};

const ofFloats: Record<string, Unary> = { ...ofReals, ceil: tf.ceil, floor: tf.floor };

const ofAll: Record<string, Unary> = {
  abs: tf.abs,
  clip: (x) => tf.clipByValue(x, -2, 3),
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  neg: tf.neg,
  onesLike: tf.onesLike,
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  sign: tf.sign,
  square: tf.square,
  step: (x) => tf.step(x, 0.25),
  zerosLike: tf.zerosLike,
};

const comparisons: Record<string, Binary> = {
  equal: tf.equal,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  maximum: tf.maximum,
  minimum: tf.minimum,
  notEqual: tf.notEqual,
};

const arithmetic: Record<string, Binary> = {
  add: tf.add,
  div: tf.div,
  divNoNan: tf.divNoNan,
  floorDiv: tf.floorDiv,
  mod: tf.mod,
  mul: tf.mul,
  prelu: tf.prelu,
  squaredDifference: tf.squaredDifference,
  sub: tf.sub,
};

const logic: Record<string, Binary> = {
  logicalAnd: tf.logicalAnd,
  logicalOr: tf.logicalOr,
  logicalXor: tf.logicalXor,
};

const numberTypes: DType[] = ['float32', 'int32', 'bool'];
const pairsOfTypes = numberTypes.flatMap((a) => numberTypes.map((b) => [a, b] as const));

describe.skipIf(addon === undefined)(`torch and cpu agree ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  describe('on functions of one operand', () => {
    it.each(Object.entries(ofFloats))('%s of float32', (_, op) => {
      expectAsOnCpu(op, one('float32'), { tolerance: 2e-5 });
    });
    it.each(Object.entries(ofIntegersToo))('%s of int32 and bool', (_, op) => {
      expectAsOnCpu(op, one('int32', fc.integer({ min: -9, max: 9 })));
      expectAsOnCpu(op, one('bool'));
    });
    it.each(Object.entries(ofAll))('%s of float32, int32 and bool', (_, op) => {
      expectAsOnCpu(op, one('float32'));
      expectAsOnCpu(op, one('int32', factors));
      expectAsOnCpu(op, one('bool'));
    });
    it('logicalNot', () => expectAsOnCpu(tf.logicalNot, one('bool')));
    it.each<[string, Unary]>([
      ['real', tf.real],
      ['imag', tf.imag],
      ['abs', tf.abs],
      ['zerosLike', tf.zerosLike],
      ['onesLike', tf.onesLike],
    ])('%s of complex64', (_, op) => expectAsOnCpu(op, one('complex64')));
    it.each<DType>(['float32', 'int32', 'bool', 'complex64'])('casts to %s', (type) => {
      for (const from of [...numberTypes, 'complex64'] as const) {
        expectAsOnCpu((x) => tf.cast(x, type), one(from));
      }
    });
  });

  describe('on functions of two operands', () => {
    it.each(Object.entries({ ...comparisons, ...arithmetic }))('%s of float32', (_, op) => {
      expectAsOnCpu(op, two('float32', 'float32'));
    });
    it.each(Object.entries(comparisons))('%s of any two types', (_, op) => {
      for (const [a, b] of pairsOfTypes) expectAsOnCpu(op, two(a, b));
    });
    it.each(Object.entries(arithmetic))('%s of any two types', (_, op) => {
      const numbers = { float32: undefined, int32: factors, bool: undefined, complex64: undefined };
      for (const [a, b] of pairsOfTypes) expectAsOnCpu(op, two(a, b, numbers[a], numbers[b]));
    });
    it.each<[string, Binary]>([
      ['add', tf.add],
      ['sub', tf.sub],
      ['div', tf.div],
      ['floorDiv', tf.floorDiv],
      ['mod', tf.mod],
    ])('%s of integers at their limits: overflow wraps, dividing by zero gives 0', (_, op) => {
      expectAsOnCpu(op, two('int32', 'int32'));
    });
    it.each(Object.entries(logic))('%s', (_, op) => expectAsOnCpu(op, two('bool', 'bool')));
    it('bitwiseAnd', () => expectAsOnCpu(tf.bitwiseAnd, alike('int32', 'int32')));
    it('atan2', () => expectAsOnCpu(tf.atan2, two('float32', 'float32')));
    // JavaScript alone has NaN for 1 to the power of NaN or infinity.
    it('pow', () => {
      expectAsOnCpu(tf.pow, two('float32', 'float32', small));
      expectAsOnCpu(tf.pow, two('int32', 'int32', fc.integer({ min: -5, max: 5 })));
      expectAsOnCpu(tf.pow, two('float32', 'int32', small, fc.integer({ min: -5, max: 5 })));
    });
    // Complex operands of two different shapes come out wrong on cpu.
    it.each<[string, Binary]>([
      ['add', tf.add],
      ['sub', tf.sub],
      ['mul', tf.mul],
    ])('%s of complex64', (_, op) => expectAsOnCpu(op, alike('complex64', 'complex64')));
    it('complex', () => expectAsOnCpu(tf.complex, alike('float32', 'float32')));
  });

  it.each(numberTypes)('where, among %s', (type) => {
    expectAsOnCpu((condition, a, b) => tf.where(condition, a, b), alike('bool', type, type));
  });
  it.each<DType>(['float32', 'int32'])('addN of %s', (type) => {
    expectAsOnCpu((a, b, c) => tf.addN([a, b, c]), alike(type, type, type));
  });
});
