import { DataLoader, type tf } from '@pl-ts/runtime';
import type { Methods, RecordCall } from './recording.js';
import type { ScenarioData } from './scenario.js';

/** The hooks that give a scenario's data: sample i is `[i + 1, i + 1]`, and each fetch is noted down. */
export function dataHooks(data: ScenarioData, record: RecordCall): Methods {
  const loader = (stage: string, length: number) => {
    const at = (i: number) => {
      record('data', `fetch_${stage}`, [i]);
      return Float32Array.of(i + 1, i + 1);
    };
    if (!data.iterable || stage !== 'train') return new DataLoader({ length, at });
    return new DataLoader({
      *[Symbol.iterator]() {
        for (let i = 0; i < length; i++) yield at(i);
      },
    });
  };
  const loaders = (stage: string, length: number, count?: number) =>
    count === undefined
      ? loader(stage, length)
      : Array.from({ length: count }, (_, i) => loader(`${stage}${i}`, length));
  const same = (batch: tf.Tensor) => batch;
  return {
    train_dataloader: () => loader('train', data.train),
    val_dataloader: () => loaders('val', data.val, data.val_loaders),
    test_dataloader: () => loaders('test', 2, data.test_loaders),
    predict_dataloader: () => loaders('predict', 2, data.predict_loaders),
    on_before_batch_transfer: same,
    transfer_batch_to_device: same,
    on_after_batch_transfer: same,
  };
}
