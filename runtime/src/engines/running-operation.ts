/**
 * The operation that is about to run as a custom gradient. The engine knows such operations by no name; whoever watches
 * it takes the name from here.
 */
export const runningOperation: { name: string | undefined } = { name: undefined };
