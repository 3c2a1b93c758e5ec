import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { type Outcome, type ProgramOptions, program } from './program.js';

/**
 * A folder to run the shared digits project in: its program and its data are the shared ones, what runs write stays
 * here and is deleted with the test.
 */
export class Workplace {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'pl-run-')));

  constructor() {
    const project = inject('digitsProject');
    for (const shared of ['node_modules', 'dist', 'src', 'data']) {
      symlinkSync(join(project, shared), join(this.folder, shared));
    }
    for (const own of ['package.json', 'tsconfig.json', 'config.yaml']) {
      cpSync(join(project, own), join(this.folder, own));
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** `pl run <args>` */
  run(args: readonly string[], options: Partial<ProgramOptions> = {}): Promise<Outcome> {
    return this.pl(['run', ...args], options);
  }

  /** `pl <args>` */
  pl(args: readonly string[], options: Partial<ProgramOptions> = {}): Promise<Outcome> {
    const pl = this.path('node_modules/@pl-ts/transformer/bin/pl.js');
    return program(process.execPath, [pl, ...args], { cwd: this.folder, ...options });
  }

  /** What runs have written: paths from this folder, without the shared parts. */
  written(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)))
      .sort();
  }

  /** Checkpoints of a run, as paths from this folder. */
  checkpoints(version = 0): string[] {
    return this.written().filter(
      (file) => file.startsWith(join('lightning_logs', `version_${version}`)) && file.endsWith('.ckpt'),
    );
  }
}

export function workplace(): Workplace {
  const place = new Workplace();
  onTestFinished(() => rmSync(place.folder, { recursive: true }));
  return place;
}
