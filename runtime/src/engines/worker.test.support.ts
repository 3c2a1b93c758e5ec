import { Worker } from 'node:worker_threads';

/** What a worker thread found: its tfjs backend, and the loss after its last step. */
export interface Trained {
  backend: string;
  loss: number;
}

/** The source of a worker thread that selects an engine, says `started` and trains an identity. */
export function trainingProgram(engine: string, { steps = 20 } = {}): string {
  return `
    import { parentPort } from 'node:worker_threads';
    const { register } = await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))});
    register();
    const tf = await import(${JSON.stringify(new URL('../tf.ts', import.meta.url).href)});
    const { selectEngine } = await import(${JSON.stringify(new URL('./select.ts', import.meta.url).href)});
    await selectEngine({ engine: ${JSON.stringify(engine)}, threads: 2 });
    parentPort.postMessage('started');
    const w = tf.variable(tf.zeros([16, 16]));
    const x = tf.eye(16);
    const loss = () => tf.matMul(x, w).sub(x).square().mean();
    const optimizer = tf.train.sgd(100);
    for (let step = 0; step < ${steps}; step++) optimizer.minimize(loss);
    parentPort.postMessage({ backend: tf.getBackend(), loss: loss().dataSync()[0] });
  `;
}

export function startWorker(program: string): Worker {
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
}

/** Trains in a worker thread to its end. */
export function trainInWorker(engine: string): Promise<Trained> {
  return new Promise((resolve, reject) => {
    const worker = startWorker(trainingProgram(engine));
    let result: Trained;
    worker.on('message', (message) => {
      result = message;
    });
    worker.once('exit', () => resolve(result));
    worker.once('error', reject);
  });
}
