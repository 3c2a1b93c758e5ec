/** PL7xxx. */
export const optimErrors = {} as const;
