import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import * as tf from '../../tf.js';
import { hostKernels, kernelsOfStrings } from './kernels/host-kernels.js';
import { nativeKernels } from './register.js';

const onCpu = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);

describe('the kernels of torch', () => {
  it('are native or named with the reason why not', () => {
    expect(onCpu.length).toBeGreaterThan(150);
    expect(onCpu.filter((name) => !(name in nativeKernels || name in hostKernels))).toEqual([]);
  });

  it('are on no list for nothing', () => {
    expect(Object.keys(hostKernels).filter((name) => name in nativeKernels || !onCpu.includes(name))).toEqual(
      [],
    );
    expect([...kernelsOfStrings].filter((name) => !(name in nativeKernels))).toEqual([]);
    expect(Object.values(hostKernels).every((reason) => reason.length > 0)).toBe(true);
  });
});
