/** PL5xxx. */
export const trainerErrors = {
  PL5001:
    'Two methods of one class are marked as the same hook, so it is not clear which of them the trainer should call. Keep the decorator on one, and call the other method from it.',
} as const;
