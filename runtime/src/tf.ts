/// <reference types="@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.d.ts" preserve="true" />

/**
 * TensorFlow.js as a training project sees it: the core, layers and data packages under one name, with every
 * gradient and every chained operation registered.
 */

// The core comes first: whoever is loaded first makes the engine that all share.
import '@tensorflow/tfjs-core';
import '#tfjs-registrations';

export * from '@tensorflow/tfjs-core';
export * as data from '@tensorflow/tfjs-data';
export * from '@tensorflow/tfjs-layers';
