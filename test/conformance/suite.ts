/** What the bundle contains: the engine under test, then the specs, which register themselves when loaded. */
import './setup.js';
import '@tensorflow/tfjs-core/dist/tests.js';
