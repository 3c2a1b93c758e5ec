/** PL5xxx. */
export const trainerErrors = {} as const;
