import { type EmbeddingAttrs, embeddingOperation } from '../embedding.js';
import type { Operation } from '../registry.js';
import { native } from './native.js';

const lookUp = native('embedding');
const lookUpBackward = native('embedding_backward');

export const embedding: Operation<EmbeddingAttrs> = {
  name: embeddingOperation.name,

  forward([weight], [indices]) {
    const [value] = lookUp([weight, indices]);
    return { value: value!, saved: { indices } };
  },

  backward(dy, { indices }, { rows, padding = -1 }) {
    return lookUpBackward([dy, indices], [rows, padding]);
  },
};
