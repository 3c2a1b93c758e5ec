/** PL4xxx. */
export const dataErrors = {} as const;
