/**
 * The metrics that a project logs. The compiler fills it in from `src/generated/metrics.ts`:
 *
 * ```ts
 * declare module '@pl-ts/runtime' {
 *   interface MetricNames { val_loss: true }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged with
export interface MetricNames {}

/** Name of a logged metric: any text until the compiler has filled in what there is. */
export type MetricName = keyof MetricNames extends never ? string : keyof MetricNames & string;
