/** A mistake that the person at the terminal can mend. Yeoman prints the message and exits with 1. */
export class GeneratorError extends Error {
  override readonly name = 'GeneratorError';

  constructor(problem: string, nextStep: string) {
    super(`${problem}\n  ${nextStep}`);
  }
}
