import type { Node } from 'ts-morph';
import type { Place } from './diagnostic.js';

export function placeOf(node: Node): Place {
  const file = node.getSourceFile();
  return { file: file.getFilePath(), ...file.getLineAndColumnAtPos(node.getStart()) };
}
