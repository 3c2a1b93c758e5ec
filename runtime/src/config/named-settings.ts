/** The settings of trainer and checkpoints that a message speaks of, each once: `trainer.maxEpochs`. */
export function namedSettings(message: string): string[] {
  return [...new Set(message.match(/\b(?:trainer|checkpoint)\.\w+/g))];
}
