/** What a run asks for: `auto` is the fastest that an engine has. */
export type Accelerator = 'auto' | 'cpu' | 'gpu' | 'mps';

export interface SelectedEngine {
  /** `cpu` is tfjs's plain JavaScript backend, which serves when ONNX Runtime does not load. */
  name: 'ort' | 'cpu' | 'tensorflow' | 'torch';
  device: string;
  threads: number;
  /** One line: which engine runs, and why. */
  reason: string;
}
