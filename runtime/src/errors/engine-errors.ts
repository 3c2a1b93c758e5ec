/** PL6xxx. */
export const engineErrors = {
  PL6001:
    'The engine that was asked for cannot run here. `torch` needs libtorch, and once per machine `pl engine build`; ' +
    '`tensorflow` needs @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu in the project; `ort` is always there. ' +
    'With `trainer.engine: auto` the best engine that works is taken. `pl doctor` lists what was found.',
  PL6002:
    'The device that was asked for cannot be used: no engine that works here reaches it. `gpu` needs the engine torch, ' +
    'built against a libtorch for CUDA, or tensorflow with @tensorflow/tfjs-node-gpu, and the driver; `mps` needs the ' +
    'engine torch on a Mac with Apple silicon; the embedded engine runs on the CPU only. Set `trainer.accelerator` to ' +
    '`auto` or `cpu` to train without it.',
  PL6003:
    'A setting of the engine has a value that it cannot have. The message names the setting and the values.',
  PL6004:
    "ONNX Runtime, the embedded engine, did not load, so tfjs's plain JavaScript kernels run instead, ten to a " +
    'thousand times slower. Usual causes: an installation that is not complete (install onnxruntime-node 1.16.3 ' +
    'again) or a platform that its package has no library for (it has Linux, macOS and Windows, on x64 and arm64).',
  PL6010:
    'libtorch refused an operation. The message names the operation, the types and shapes of its operands, and the ' +
    'reason that libtorch gives. Most often shapes do not fit; the line of the model is in the stack trace.',
  PL6011:
    'The device has no memory left for a tensor. The process goes on: what the step had made is freed. Use a smaller ' +
    'batch, and `trainer.accumulateGradBatches` to keep the effect of the larger one; `PL_TRAINER_DETECT_ANOMALY` and ' +
    'tensors that are kept over steps also take memory (`tf.memory()` counts them).',
  PL6012:
    'A tensor was used after its memory was given back: by `dispose`, at the end of a `tf.tidy`, or at the end of the ' +
    'training step. Keep what is used later with `tf.keep`, or read its values before.',
  PL6013:
    'Processes that train together exchange the values of tensors in place. That works for float32, int32 and bool, on the engines `ort` and `torch`.',
  PL6014:
    'Of the processes that train on a host, each computes on a GPU of its own, and there are fewer GPUs than processes. Start as many processes as there are GPUs (`trainer.devices`), give `CUDA_VISIBLE_DEVICES` more of them, or train on the CPU (`trainer.accelerator`).',
} as const;
