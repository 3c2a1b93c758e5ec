import '@tensorflow/tfjs-backend-cpu';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { loadBinding } from '../../runtime/src/engines/ort/binding.js';
import { registerOrt } from '../../runtime/src/engines/ort/register.js';
import { noLimits } from '../../runtime/src/engines/ort/size-limits.js';

const environment = (backendName: string) => ({
  name: backendName,
  backendName,
  flags: {},
  isDataSync: true,
});

if (process.env.CONFORMANCE_ENGINE === 'cpu') {
  setTestEnvs([environment('cpu')]);
} else {
  const binding = loadBinding();
  registerOrt(binding, { threads: 1 });
  registerOrt(binding, { threads: 1, name: 'ort-any-size', limits: noLimits });
  setTestEnvs([environment('ort'), environment('ort-any-size')]);
}
