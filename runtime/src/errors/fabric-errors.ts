/** PL84xx: Fabric. */
export const fabricErrors = {
  PL8401:
    'A Fabric starts the other processes and chooses the engine in `await fabric.launch()`. That comes once, before models are made and before anything else of the Fabric is used: tensors belong to an engine, and every process has to come to the same calls.',
  PL8402:
    'What a Fabric steps, propagates through or saves has to be known to it: pass models and their optimizers through `fabric.setup(model, optimizer)` and use what it returns.',
  PL8403:
    'The file of `fabric.load` and the record that it is to fill do not fit: an optimizer or an object is in one and not in the other, or the file was written by something else than `fabric.save`. The message names the entry. Variables that differ are PL3011, optimizers PL7006.',
} as const;
