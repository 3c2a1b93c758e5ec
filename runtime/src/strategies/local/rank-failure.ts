import { PLError } from '../../errors/pl-error.js';

/** What ended a rank, as its peers tell each other. */
export interface FailureReport {
  rank: number;
  /** `error`: it said so itself. `death`: its process is gone. `hang`: it did not come in time. */
  kind: 'error' | 'death' | 'hang';
  /** A sentence about the rank, without its subject. */
  cause: string;
  pid: number;
}

/** The error of a rank that cannot go on because of another. */
export class RankFailure extends PLError {
  constructor(readonly report: FailureReport) {
    const { rank, kind, cause, pid } = report;
    super('PL8002', `rank ${rank} (process ${pid}) ${cause}`, {
      hint: hints[kind],
    });
  }
}

const hints = {
  error: 'Its own report is on stderr, under its rank.',
  death: 'Usual causes: out of memory, a signal from outside, or a crash in native code.',
  hang: 'If it only takes long, raise trainer.processGroupTimeout.',
} as const;
