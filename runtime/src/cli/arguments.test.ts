import { describe, expect, it } from 'vitest';
import { digits } from '../config/digits.test.support.js';
import { parseArguments } from './arguments.js';

const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean), digits);
const nothing = {
  help: false,
  printConfig: false,
  configFiles: [],
  ckptPath: undefined,
  flags: [],
  problems: [],
};

describe('the command line', () => {
  it('is a command with flags', () => {
    expect(parse('fit')).toEqual({ ...nothing, command: 'fit' });
    expect(parse('test --config a.yaml --config b.json --ckpt-path best --print-config')).toEqual({
      ...nothing,
      command: 'test',
      configFiles: ['a.yaml', 'b.json'],
      ckptPath: 'best',
      printConfig: true,
    });
  });

  it('takes settings before and after the command, with = or without, negative ones too', () => {
    const { command, flags } = parse('--trainer.maxEpochs -1 fit --model.learningRate=0.1 --model.name --x');
    expect(command).toBe('fit');
    expect(flags).toEqual([
      { flag: '--trainer.maxEpochs', text: '-1' },
      { flag: '--model.learningRate', text: '0.1' },
      { flag: '--model.name', text: '--x' },
    ]);
  });

  it('lets a switch go without a value', () => {
    expect(parse('fit --trainer.fastDevRun').flags).toEqual([{ flag: '--trainer.fastDevRun' }]);
    expect(parse('fit --trainer.fastDevRun --seed 3').flags).toEqual([
      { flag: '--trainer.fastDevRun' },
      { flag: '--seed', text: '3' },
    ]);
    expect(parse('fit --trainer.fastDevRun 3').flags).toEqual([{ flag: '--trainer.fastDevRun', text: '3' }]);
  });

  it('keeps unknown flags for whoever reports them, without taking their values for operands', () => {
    expect(parse('fit --trainer.maxEpoch 5 --seed 3 --lr=3 -x')).toEqual({
      ...nothing,
      command: 'fit',
      flags: [
        { flag: '--seed', text: '3' },
        { flag: '--trainer.maxEpoch' },
        { flag: '--lr' },
        { flag: '-x' },
      ],
    });
  });

  it.each([
    ['', 'no command was given'],
    ['fti', "no command 'fti'. Did you mean fit?"],
    ['fit now', "'now' after the command fit means nothing"],
    ['fit --seed', 'wanted a value after it'],
    ['fit --config', 'wanted a value after it'],
  ])('%j is a mistake', (line, message) => {
    expect(parse(line).problems.map((problem) => problem.message)).toEqual([message]);
  });

  it('asks for no command with --help', () => {
    expect(parse('--help')).toMatchObject({ help: true, problems: [] });
    expect(parse('-h')).toMatchObject({ help: true, problems: [] });
  });
});
