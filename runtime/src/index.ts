export * from './errors/pl-error.js';
export * as tf from './tf.js';
