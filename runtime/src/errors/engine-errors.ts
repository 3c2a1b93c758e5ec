/** PL6xxx. */
export const engineErrors = {} as const;
