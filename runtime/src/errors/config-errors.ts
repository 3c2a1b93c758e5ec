/** PL2xxx. */
export const configErrors = {} as const;
