import { expect, test } from 'vitest';
import { checkOptionNames, flagOption, textOption } from './options.js';

const declared = { name: {}, template: {}, 'package-manager': {}, 'skip-install': {} };

test('reads a text in either spelling of the flag', () => {
  expect(textOption({ packageManager: 'pnpm' }, 'package-manager')).toBe('pnpm');
  expect(textOption({ 'package-manager': 'pnpm' }, 'package-manager')).toBe('pnpm');
  expect(textOption({ name: 42 }, 'name')).toBe('42');
  expect(textOption({}, 'name')).toBeUndefined();
});

test('a text flag without its text is an error', () => {
  expect(() => textOption({ name: true }, 'name')).toThrow(
    '--name has no value.\n  Write it as --name <value>.',
  );
  expect(() => textOption({ name: '' }, 'name')).toThrow('--name has no value.');
});

test('a flag holds in either spelling, whatever the other says', () => {
  expect(flagOption({ skipInstall: true, 'skip-install': false }, 'skip-install')).toBe(true);
  expect(flagOption({ 'skip-install': true }, 'skip-install')).toBe(true);
  expect(flagOption({}, 'skip-install')).toBe(false);
});

test('a misspelt flag gets a suggestion, and what Yeoman adds passes', () => {
  expect(() => checkOptionNames({ tempalte: 'digits' }, declared)).toThrow('Did you mean --template?');
  expect(() => checkOptionNames({ packageManger: 'npm' }, declared)).toThrow(
    'Did you mean --package-manager?',
  );
  checkOptionNames(
    { env: {}, resolved: '', namespace: '', skipCache: true, sharedData: {}, f: true },
    declared,
  );
});
