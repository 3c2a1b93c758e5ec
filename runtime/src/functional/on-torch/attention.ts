import { type AttentionAttrs, attentionOperation } from '../attention.js';
import type { Operation } from '../registry.js';
import { advance, native, spread } from './native.js';

const forward = native('attention');
const backward = native('attention_backward');

export const attention: Operation<AttentionAttrs> = {
  name: attentionOperation.name,

  forward([query, key, value, added], [visible], { scale, isCausal, dropoutP, generator }) {
    const mask = added ?? visible;
    const state = dropoutP > 0 ? generator.state() : [];
    const [y, q, k, v, weights, factors] = forward(
      [query, key, value, mask],
      [Number(isCausal)],
      [scale, dropoutP, ...state],
    );
    if (dropoutP > 0) advance(generator, 2);
    return { value: y!, saved: { q, k, v, weights, factors, added } };
  },

  backward(dy, { q, k, v, weights, factors, added }, { scale }, needed) {
    const flags = [0, 1, 2, 3].map((i) => Number(needed[i] ?? false));
    const ints = [...flags, ...(added?.shape ?? [])];
    return spread(needed, backward([dy, q, k, v, weights, factors], ints, [scale]));
  },
};
