/** PL3xxx. */
export const checkpointErrors = {
  PL3001:
    'A checkpoint cannot be read: the file does not exist, is a folder, or access is denied. Relative paths start at the folder in which the program was started.',
  PL3002:
    'A checkpoint is cut: the file is shorter than its header says. It was not written or copied completely. Checkpoints that this framework writes appear under their name only when they are complete, so the damage happened afterwards. Resume from another one.',
  PL3003:
    'The header of a checkpoint cannot be read: it is too large, not valid JSON, or does not describe tensors the way the safetensors format does. The file is damaged, or is not a safetensors file; a zip file that PyTorch Lightning wrote must be converted in Python first.',
  PL3004:
    'The tensors of a checkpoint do not lie where they should: they overlap, leave gaps, reach beyond the end of the file, or take another number of bytes than their shape needs. The file is damaged or was made by a faulty program.',
  PL3005:
    'A name occurs twice in the header of a checkpoint, so that it is unclear which one counts. The file is damaged or was made by a faulty program.',
  PL3006:
    'A tensor in a checkpoint has a type that TensorFlow.js does not have. Types are F32, I32 and BOOL. Convert the tensor before the file is written.',
  PL3007:
    'The content of a checkpoint differs from the checksum inside it, or the checksum is damaged: something changed the file after it was written. Resume from another checkpoint. A program that changes checkpoints on purpose leaves out the metadata entries `crc32` and `format`; then nothing is compared.',
  PL3008:
    'A file is a safetensors file but no checkpoint: a tensor is neither below `state_dict.` nor below `optimizer_states.`, or a metadata entry does not have the form that it must have.',
  PL3009:
    'Something cannot be stored in a checkpoint. Tensors go in as they are; all other state (callbacks, hyperparameters, what on_save_checkpoint adds) must be plain JSON, in which NaN and infinities are allowed. Return Maps, Sets, class instances and typed arrays in that form, and build them again when the state is loaded.',
  PL3010:
    'A checkpoint cannot be written: no permission, no space, a read-only disk, or a part of the path is a file. An older file of the same name is unharmed. Free the place, or choose another folder.',
  PL3011:
    'A checkpoint does not belong to this model: tensors are missing, unknown, or have another shape or type. The message names the first ones. Most often the model was built with other hyperparameters than those in the checkpoint.',
} as const;
