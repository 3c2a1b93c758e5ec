/** PL4xxx. */
export const dataErrors = {
  PL4001:
    'A seed is not an integer from 0 to 4294967295. Seeds start the random number generators that shuffle data, initialize weights and drop units; the same seed gives the same run. Pass a whole number, for example 42.',
  PL4002:
    'A saved state of a random number generator cannot be restored: it is not four integers of 32 bits, or it belongs to another kind of generator. The checkpoint comes from another program, or was edited. Start without the random state, or from another checkpoint.',
} as const;
