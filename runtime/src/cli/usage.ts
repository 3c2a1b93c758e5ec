import type { ConfigDefinition } from '../config/definition.js';
import { helpText } from '../config/help.js';

/** The text of `--help`. */
export function usage(program: string, definition: ConfigDefinition, width: number): string {
  return `Usage: ${program} <command> [flags]

Commands:
  fit        trains the model
  validate   runs the validation data through it and prints the metrics
  test       runs the test data through it and prints the metrics
  predict    runs the prediction data through it and writes predictions.json

Flags:
  --config <file>      configuration file, YAML or JSON; repeatable, later win
  --ckpt-path <path>   checkpoint to start from: a file, 'best' or 'last' of the
                       newest run that has any, or 'none'; by default fit
                       starts anew and the other commands take 'best'
  --print-config       prints each setting with its origin, and ends
  -h, --help           prints this text

${helpText(definition, width)}
`;
}
