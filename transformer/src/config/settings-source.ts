import type { SourceFile, TypeNode } from 'ts-morph';

/** A class with `@Hparams`, and the type that its parameter declares. */
export interface HparamsSource {
  /** What generated code calls the class; no two have the same name. */
  readonly className: string;
  /** Name under which `sourceFile` exports it, where that is another one, such as `default`. */
  readonly exportName?: string | undefined;
  readonly sourceFile: SourceFile;
  /** The declared type; absent for a class without hyper-parameters. */
  readonly typeNode?: TypeNode | undefined;
  /** Names that `@Hparams({ ignore })` leaves out. */
  readonly ignore?: readonly string[] | undefined;
}

/** What the configuration of a project is made from. */
export interface SettingsSource {
  /** Source file of `@pl-ts/runtime`, as the project's own imports resolve it: it declares the trainer's settings. */
  readonly runtime: SourceFile;
  /** Absolute path of the folder of generated code. */
  readonly outDir: string;
  /** The module that `main` trains. */
  readonly model?: HparamsSource | undefined;
  readonly data?: HparamsSource | undefined;
  /** Further classes with `@Hparams`: no settings of the program, but checked all the same. */
  readonly others?: readonly HparamsSource[] | undefined;
  /** Metrics that `checkpoint.monitor` may name; undefined when the code logs names that only a run can tell. */
  readonly metricNames?: readonly string[] | undefined;
}
