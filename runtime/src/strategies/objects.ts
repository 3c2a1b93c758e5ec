import { deserialize, serialize } from 'node:v8';
import type { ProcessGroup } from './process-group.js';

/** What every rank passed, in the order of ranks. Values as the structured clone algorithm takes them. */
export function gatherObjects<Value>(group: ProcessGroup, value: Value): Value[] {
  const { worldSize, rank } = group;
  const own = serialize(value);
  const lengths = new Float64Array(worldSize);
  lengths[rank] = own.length;
  group.allReduce([lengths], 'max').wait();
  const padded = new Uint8Array(Math.max(...lengths));
  padded.set(own);
  const gathered = Array.from({ length: worldSize }, () => new Uint8Array(padded.length));
  group.allGather(gathered, padded).wait();
  return gathered.map((bytes, i) => deserialize(bytes.subarray(0, lengths[i])) as Value);
}

/** What the rank `root` passed. */
export function broadcastObject<Value>(group: ProcessGroup, value: Value, root = 0): Value {
  const isRoot = group.rank === root;
  const own = isRoot ? serialize(value) : new Uint8Array(0);
  const length = new Float64Array([own.length]);
  group.broadcast([length], root).wait();
  const bytes = isRoot ? new Uint8Array(own) : new Uint8Array(length[0]!);
  group.broadcast([bytes], root).wait();
  return deserialize(bytes) as Value;
}
