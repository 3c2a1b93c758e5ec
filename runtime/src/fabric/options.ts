import type { MatmulPrecision } from '../engines/autocast-engine.js';
import type { EngineName } from '../engines/select.js';
import type { Accelerator } from '../engines/selected-engine.js';
import type { Logger } from '../loggers/logger.js';
import type { PrecisionInput } from '../precision/parse-precision.js';
import type { StrategyName } from '../strategies/create-strategy.js';

/** What `new Fabric` takes: the trainer's settings of these names, with the trainer's meanings and defaults. */
export interface FabricOptions {
  accelerator?: Accelerator;
  engine?: EngineName;
  threads?: number;
  /** Processes on this host; `auto` as many as a launcher has started, 1 without one. */
  devices?: number | 'auto';
  numNodes?: number;
  strategy?: StrategyName;
  precision?: PrecisionInput;
  matmulPrecision?: MatmulPrecision;
  /** Seconds that a process waits for the others. */
  processGroupTimeout?: number;
  /** Take what `log` gets, on the first process. */
  loggers?: Logger | readonly Logger[];
  /** Objects whose methods `call` calls. */
  callbacks?: object | readonly object[];
}
