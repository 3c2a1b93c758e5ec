import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-cpu';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { loadBinding } from '../../runtime/src/engines/ort/binding.js';
import { registerOrt } from '../../runtime/src/engines/ort/register.js';
import { noLimits } from '../../runtime/src/engines/ort/size-limits.js';
import type { TorchAddon } from '../../runtime/src/engines/torch/addon.js';
import { registerTorch } from '../../runtime/src/engines/torch/register.js';

const environment = (backendName: string) => ({
  name: backendName,
  backendName,
  flags: {},
  isDataSync: true,
});

if (process.env.CONFORMANCE_ENGINE === 'cpu') {
  setTestEnvs([environment('cpu')]);
} else if (process.env.CONFORMANCE_ENGINE === 'torch') {
  const addon: TorchAddon = createRequire(import.meta.url)(process.env.CONFORMANCE_ADDON!);
  registerTorch(addon);
  addon.setDevice(process.env.CONFORMANCE_DEVICE!);
  setTestEnvs([environment('torch')]);
} else {
  const binding = loadBinding();
  registerOrt(binding, { threads: 1 });
  registerOrt(binding, { threads: 1, name: 'ort-any-size', limits: noLimits });
  setTestEnvs([environment('ort'), environment('ort-any-size')]);
}
