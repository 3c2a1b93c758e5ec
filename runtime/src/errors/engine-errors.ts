/** PL6xxx. */
export const engineErrors = {
  PL6001:
    'The engine that was asked for cannot run here. `torch` needs libtorch, `tensorflow` needs ' +
    '@tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu in the project; `ort` is always there. With ' +
    '`trainer.engine: auto` the best engine that works is taken. `pl doctor` lists what was found.',
  PL6002:
    'The device that was asked for cannot be used: no engine that works here reaches it. A GPU needs an engine ' +
    'with GPU support and its driver; the embedded engine runs on the CPU only. Set `trainer.accelerator` to ' +
    '`auto` or `cpu` to train without it.',
  PL6003:
    'A setting of the engine has a value that it cannot have. The message names the setting and the values.',
  PL6004:
    "ONNX Runtime, the embedded engine, did not load, so tfjs's plain JavaScript kernels run instead, ten to a " +
    'thousand times slower. Usual causes: an installation that is not complete (install onnxruntime-node 1.16.3 ' +
    'again) or a platform that its package has no library for (it has Linux, macOS and Windows, on x64 and arm64).',
} as const;
