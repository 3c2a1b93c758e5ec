/** The kernels that stay in JavaScript, on tfjs's `cpu` backend, and why. */
export const hostKernels: Readonly<Record<string, string>> = {
  BroadcastArgs: 'computes a shape out of two shapes: a handful of integers whose reader is on the host',
  Draw: 'paints on a canvas, which is an object of JavaScript',
  Multinomial: 'its seed stands for a sequence of tfjs, from the generator alea in JavaScript',
  RaggedGather: 'walks nested row splits one after another; the size of every result depends on values',
  RaggedRange: 'the size of its results depends on values; each row begins where the one before ended',
  RaggedTensorToTensor: 'walks nested row splits one after another; the size of its result depends on values',
  SparseFillEmptyRows: 'finds the place of each entry from the number of entries before it',
  SparseReshape:
    'works out an unknown dimension from values, and says in tfjs’s words what is wrong with them',
  StaticRegexReplace: 'strings',
  StringNGrams: 'strings',
  StringSplit: 'strings',
  StringToHashBucketFast: 'strings',
  Unique: 'keeps the order of first occurrence, one after another; the size of its result depends on values',
};

/** The kernels that also work on strings, which are no tensors of libtorch. Those calls stay in JavaScript. */
export const kernelsOfStrings: ReadonlySet<string> = new Set([
  'Concat',
  'Equal',
  'GatherNd',
  'GatherV2',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'NotEqual',
  'Pack',
  'Slice',
  'SparseToDense',
  'StridedSlice',
  'TensorScatterUpdate',
  'Tile',
  'Transpose',
  'Unpack',
]);
