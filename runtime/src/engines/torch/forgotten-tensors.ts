import * as tf from '../../tf.js';
import { type TensorRecord, tfjsEngine } from '../tfjs-engine.js';

/** What outlives a forgotten tensor. Once the tensor is disposed, nothing is left to free. */
interface Remains {
  record: TensorRecord | undefined;
}

interface WatchedTensor extends tf.Tensor {
  remains?: Remains;
}

/** Most tensors are disposed soon. Only those are watched that are still there after this many others, … */
const YOUNG_TENSORS = 256;
/** … or after others of this many elements, or when the code that runs has come to an end. */
const YOUNG_ELEMENTS = 1 << 23;

const watched = new WeakSet<object>();

/**
 * Has tensors freed that nothing refers to any more, although nobody disposed them: some time after they are collected,
 * when the event loop turns. Those that were made in a scope and do not leave it are freed by the scope, and those that
 * are kept while a tape records, by the tape.
 */
export function reclaimForgottenTensors(): void {
  const engine = tfjsEngine();
  if (watched.has(engine)) return;
  watched.add(engine);
  const { track, keep, disposeTensor } = engine;

  const registry = new FinalizationRegistry<Remains>(({ record }) => {
    if (record !== undefined) disposeTensor.call(engine, record);
  });
  const young = new Array<WatchedTensor | undefined>(YOUNG_TENSORS);
  let count = 0;
  let elements = 0;
  let isScheduled = false;

  const watchSurvivors = () => {
    for (let i = 0; i < count; i++) {
      const tensor = young[i]!;
      young[i] = undefined;
      if (tensor.isDisposed || tensor.remains !== undefined) continue;
      const { dataId, dtype, size } = tensor;
      tensor.remains = { record: { dataId, dtype, size } };
      registry.register(tensor, tensor.remains);
    }
    count = 0;
    elements = 0;
  };
  const watchLater = () => {
    isScheduled = false;
    watchSurvivors();
  };

  const add = (tensor: WatchedTensor) => {
    young[count++] = tensor;
    elements += tensor.size;
    if (count === YOUNG_TENSORS || elements > YOUNG_ELEMENTS) watchSurvivors();
    else if (!isScheduled) {
      isScheduled = true;
      queueMicrotask(watchLater);
    }
  };

  engine.track = (tensor) => {
    if (engine.state.activeScope) return track.call(engine, tensor);
    add(tensor);
    return tensor;
  };

  engine.keep = (tensor) => {
    if (engine.state.gradientDepth === 0 && !(tensor instanceof tf.Variable)) add(tensor);
    return keep.call(engine, tensor);
  };

  engine.disposeTensor = (tensor: TensorRecord & Pick<WatchedTensor, 'remains'>) => {
    if (tensor.remains !== undefined) tensor.remains.record = undefined;
    disposeTensor.call(engine, tensor);
  };
}
