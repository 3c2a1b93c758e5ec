/** `mean` divides by the number (or the weight) of what counts, `none` keeps one loss per element. */
export type Reduction = 'mean' | 'sum' | 'none';
