import { availableParallelism } from 'node:os';
import * as tf from '../tf.js';
import { firstLine } from './embedded.js';
import type { OrtBackend } from './ort/backend.js';
import { type EngineOptions, selectEngine } from './select.js';
import type { SelectedEngine } from './selected-engine.js';
import { loadTensorflow } from './tensorflow.js';
import { describeProcessGroups } from './torch/distributed.js';
import { blasAdvice } from './torch/libtorch/blas.js';
import { describeLibtorch } from './torch/libtorch/libtorch.js';
import { loadTorchAddon } from './torch/load-addon.js';
import { describeTorch, torchAdvice } from './torch.js';

export interface EngineCandidate {
  name: 'torch' | 'tensorflow' | 'ort';
  /** `runs` is the one that was chosen, `works` could be chosen. */
  state: 'runs' | 'works' | 'not built' | 'broken' | 'missing';
  /** What was found, in one line. */
  found: string;
  /** What would change it. */
  advice?: string;
}

export interface EngineReport {
  selected: SelectedEngine;
  /** Speed of a float32 matrix product, 1024 × 1024 (256 × 256 in plain JavaScript), measured for a second. */
  gflops: number;
  /** Cores that this process may use. */
  cores: number;
  candidates: EngineCandidate[];
  /** Over what the processes of a run would exchange values. */
  processGroups: string;
}

/**
 * Chooses the engine as training would, measures it for a second, and looks at what else could be used. The chosen
 * engine stays tfjs's backend.
 */
export async function inspectEngines(options: EngineOptions = {}): Promise<EngineReport> {
  const selected = await selectEngine(options);
  const gflops = measureProduct(selected.name === 'cpu' ? 256 : 1024);
  const candidates = [torchCandidate(selected), ortCandidate(selected), await tensorflowCandidate(selected)];
  const processGroups = describeProcessGroups(loadTorchAddon());
  return { selected, gflops, cores: availableParallelism(), candidates, processGroups };
}

/** The report as `pl doctor` prints it. */
export function formatEngineReport({
  selected,
  gflops,
  cores,
  candidates,
  processGroups,
}: EngineReport): string {
  const lines = [
    `Engine    ${selected.reason}`,
    `Speed     ${gflops.toPrecision(3)} GFLOP/s in a matrix product`,
    `Threads   ${selected.threads} of ${cores}${threadAdvice(selected, cores)}`,
    `Processes ${processGroups}`,
    '',
    ...candidates.flatMap(({ name, state, found, advice }) => [
      `${name.padEnd(12)}${state.padEnd(9)}  ${found}`,
      ...(advice === undefined ? [] : [`${' '.repeat(23)}→ ${advice}`]),
    ]),
  ];
  return lines.join('\n');
}

function threadAdvice({ name, threads }: SelectedEngine, cores: number): string {
  return name === 'ort' && threads < cores ? ` cores (PL_TRAINER_THREADS=${cores} uses all)` : ' cores';
}

function measureProduct(size: number): number {
  const [a, b] = [tf.randomUniform([size, size]), tf.randomUniform([size, size])];
  const multiply = () => tf.tidy(() => tf.matMul(a, b).dataSync()[0]);
  multiply();
  const start = performance.now();
  let products = 0;
  do {
    multiply();
    products++;
  } while (performance.now() - start < 1000);
  const seconds = (performance.now() - start) / 1000;
  tf.dispose([a, b]);
  return (products * 2 * size ** 3) / seconds / 1e9;
}

function torchCandidate({ name }: SelectedEngine): EngineCandidate {
  const torch = loadTorchAddon({ askPython: true });
  if (torch.state !== 'loaded') {
    return { name: 'torch', state: torch.state, found: describeTorch(torch), advice: torchAdvice(torch) };
  }
  const devices = torch.addon.devices().join(', ');
  const advice = blasAdvice(torch.libtorch);
  return {
    name: 'torch',
    state: name === 'torch' ? 'runs' : 'works',
    found: `${describeLibtorch(torch.libtorch)}; devices: ${devices}`,
    ...(advice !== undefined && { advice }),
  };
}

function ortCandidate({ name, reason }: SelectedEngine): EngineCandidate {
  if (name === 'cpu') {
    return {
      name: 'ort',
      state: 'broken',
      found: reason,
      advice: 'npm install onnxruntime-node@1.16.3 (it has Linux, macOS and Windows, x64 and arm64)',
    };
  }
  if (name !== 'ort') return { name: 'ort', state: 'works', found: 'ONNX Runtime 1.16.3, from npm' };
  const block = (tf.backend() as OrtBackend).directBlock;
  const convolution = block === undefined ? 'convolution by im2col' : 'direct convolution';
  return { name: 'ort', state: 'runs', found: `ONNX Runtime 1.16.3, from npm; ${convolution}` };
}

async function tensorflowCandidate({ name }: SelectedEngine): Promise<EngineCandidate> {
  const search = await loadTensorflow();
  switch (search.state) {
    case 'missing':
      return {
        name: 'tensorflow',
        state: 'missing',
        found: 'this project has no @tensorflow/tfjs-node-gpu and no @tensorflow/tfjs-node',
        advice: 'for an NVIDIA GPU on Linux with CUDA 11.2: npm install @tensorflow/tfjs-node-gpu',
      };
    case 'broken':
      return {
        name: 'tensorflow',
        state: 'broken',
        found: `${search.packageName} does not load (${firstLine(search.cause)})`,
        advice: `npm rebuild ${search.packageName} --build-addon-from-source`,
      };
    case 'loaded': {
      const found = `${search.packageName}, on the ${search.device.toUpperCase()}`;
      return { name: 'tensorflow', state: name === 'tensorflow' ? 'runs' : 'works', found };
    }
  }
}
