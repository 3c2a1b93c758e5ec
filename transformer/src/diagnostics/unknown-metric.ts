import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { didYouMean } from './did-you-mean.js';
import { placeOf } from './place.js';

export class UnknownMetric extends Diagnostic {
  static readonly code = 'PL1017';
  static readonly explanation =
    'Something monitors a metric that the project never logs, so it would never act. Metrics are the names that this.log and this.logDict are called with; a metric that is logged with onStep and onEpoch both has its variants with _step and _epoch, too. Correct the name, or log the metric.';
  readonly code = UnknownMetric.code;

  constructor(node: Node, name: string, known: readonly string[]) {
    const logged = known.length === 0 ? 'the project logs none' : `logged are ${known.join(', ')}`;
    super(placeOf(node), `no metric '${name}' is logged.${didYouMean(name, known) || ` (${logged})`}`);
  }
}
