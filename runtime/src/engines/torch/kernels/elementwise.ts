import type * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { dtypeCodes } from '../torch-data.js';
import { type Inputs, type Kernel, type KernelTable, plain } from './kernel.js';

/** tfjs's kernels of one operand `x`, by their operation. */
const unary = {
  Abs: 'abs',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  ComplexAbs: 'abs',
  Cos: 'cos',
  Cosh: 'cosh',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Floor: 'floor',
  IsFinite: 'is_finite',
  IsInf: 'is_inf',
  IsNan: 'is_nan',
  Log: 'log',
  Log1p: 'log1p',
  LogicalNot: 'logical_not',
  Neg: 'neg',
  OnesLike: 'ones_like',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
  ZerosLike: 'zeros_like',
};

/** tfjs's kernels of two operands `a` and `b`, which broadcast. */
const binary = {
  Add: 'add',
  Atan2: 'atan2',
  BitwiseAnd: 'bitwise_and',
  Equal: 'equal',
  FloorDiv: 'floor_div',
  Greater: 'greater',
  GreaterEqual: 'greater_equal',
  Less: 'less',
  LessEqual: 'less_equal',
  LogicalAnd: 'logical_and',
  LogicalOr: 'logical_or',
  LogicalXor: 'logical_xor',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'mod',
  Multiply: 'mul',
  NotEqual: 'not_equal',
  Pow: 'pow',
  RealDiv: 'div',
  SquaredDifference: 'squared_difference',
  Sub: 'sub',
};

function unaryKernel(name: string): Kernel<Inputs<'x'>> {
  const op = operation(name);
  return (backend, { x }) => backend.call(op, [x]);
}

function binaryKernel(name: string): Kernel<Inputs<'a' | 'b'>> {
  const op = operation(name);
  return (backend, { a, b }) => backend.call(op, [a, b]);
}

const castOp = operation('cast');
const cast: Kernel<Inputs<'x'>, tf.CastAttrs> = (backend, { x }, { dtype }) =>
  dtype === x.dtype ? backend.share(x) : backend.call(castOp, [x], [dtypeCodes[dtype]!]);

const clipOp = operation('clip');
const clipByValue: Kernel<Inputs<'x'>, tf.ClipByValueAttrs> = (
  backend,
  { x },
  { clipValueMin, clipValueMax },
) => backend.call(clipOp, [x], [], [clipValueMin, clipValueMax]);

const leakyReluOp = operation('leaky_relu');
const leakyRelu: Kernel<Inputs<'x'>, tf.LeakyReluAttrs> = (backend, { x }, { alpha }) =>
  backend.call(leakyReluOp, [x], [], [alpha]);

const stepOp = operation('step');
const step: Kernel<Inputs<'x'>, tf.StepAttrs> = (backend, { x }, { alpha = 0 }) =>
  backend.call(stepOp, [x], [], [alpha]);

const addNOp = operation('add_n');
const addN: Kernel<readonly tf.TensorInfo[]> = (backend, tensors) =>
  tensors.length === 1 ? backend.share(tensors[0]!) : backend.call(addNOp, tensors);

export const elementwiseKernels: KernelTable = {
  ...Object.fromEntries(Object.entries(unary).map(([kernel, name]) => [kernel, unaryKernel(name)])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, name]) => [kernel, binaryKernel(name)])),
  AddN: addN,
  Cast: cast,
  ClipByValue: clipByValue,
  Complex: plain('complex', 'real', 'imag'),
  EluGrad: plain('elu_grad', 'dy', 'y'),
  Imag: plain('imag', 'input'),
  LeakyRelu: leakyRelu,
  Prelu: plain('prelu', 'x', 'alpha'),
  Real: plain('real', 'input'),
  Select: plain('select', 'condition', 't', 'e'),
  Step: step,
};
