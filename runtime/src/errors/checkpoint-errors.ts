/** PL3xxx. */
export const checkpointErrors = {} as const;
