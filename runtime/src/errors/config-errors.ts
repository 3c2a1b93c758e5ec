/** PL2xxx. */
export const configErrors = {
  PL2000:
    'Several things in the configuration are wrong; each has a line with its own code. All sources are checked together (configuration files, .env, environment variables, flags, values in code), also where a stronger source overrides a weaker one, so that everything can be put right at once.',
  PL2001:
    'The program was started without the configuration that the compiler writes to src/generated/config.ts. Build the project (npm run build), and pass `config` from there to main.',
  PL2002:
    'A variable whose name begins with PL_TRAINER_, PL_MODEL_, PL_DATA_ or PL_CHECKPOINT_ belongs to no setting of this project. Names are the path of the setting in capitals: trainer.maxEpochs is PL_TRAINER_MAX_EPOCHS; capitals matter. `--help` and .env.example list them all. Correct the name or unset the variable.',
  PL2003:
    'The command line has a flag that is neither a setting of this project nor an option of the program. Flags of settings are spelt as their path: --trainer.maxEpochs 5. `--help` lists them all.',
  PL2004:
    'A configuration file, or an object passed in code, has a key that names no setting. Keys are grouped by the first part of the path: `trainer:` on one line, `maxEpochs: 5` indented below it. `--help` lists every setting, and an editor completes them with src/generated/config.schema.json.',
  PL2005:
    'A configuration file is not well-formed YAML or JSON; the position is where reading failed, and the mistake is there or just before. Usual causes are a missing colon, quote or bracket, uneven indentation, a tab used for indentation, or one key given twice.',
  PL2006:
    'A value does not fit its setting. The message names the file with line and column, the variable, or the flag, then what was found and what is wanted. The wanted type and its limits come from the interface in which the setting is declared (its type and JSDoc tags such as @minimum). In variables and on the command line, text that does not read as a number, boolean, null, list or object is text.',
  PL2007:
    'A configuration file, or .env, cannot be read, or it is not clear which file counts. Check the name after --config (relative to the working directory) and its permissions; keep one of config.yaml, config.yml and config.json, or name the one to use with --config.',
  PL2008:
    'A setting that has no default was given by no source. Write it into the configuration file, or set its variable or its flag, or declare a default in the code with the JSDoc tag @default.',
  PL2009:
    'An object passed to the constructor of a compiled class does not fit the type that its @Hparams parameter declares, limits in JSDoc tags included. The message names each hyper-parameter with what was found and what is wanted.',
  PL2010:
    'The command line is not complete, or says too much: the program takes one command (fit, validate, test or predict), and flags, most of them with a value. `--help` lists them.',
  PL2011:
    "The program was to start from the best or the last checkpoint of an earlier run, and there is none where runs leave them: `lightning_logs/version_<n>/checkpoints` below `trainer.defaultRootDir`, or `checkpoint.dirpath`. validate, test and predict look for the best one unless told otherwise. Train first, name a file with --ckpt-path, or take the model's initial weights with --ckpt-path none.",
  PL2012:
    'The operating system refused something that the program or its code asked for: a file that is not there, a folder without permission, a full disk, a port that another program uses. The message has the path or address and the reason; where the request came from code of the project, the hint has its place.',
  PL2013:
    'The program passes a ModelCheckpoint of its own to main, so the settings of the group `checkpoint` reach nobody. Give the values in one of the two places.',
} as const;
