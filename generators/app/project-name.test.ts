import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkName, folderFromName, nameFromFolder, nameProblem } from './project-name.js';

test.each(['digits', 'my-digits', '@acme/digits', 'a.b'])('accepts %s', (name) => {
  expect(checkName(name)).toBe(name);
});

test.each(['Digits', '../evil', '@acme/../evil', '.hidden', 'a b', 'node_modules', 'fs', 'x'.repeat(300)])(
  'refuses %s with the reason and the next step',
  (name) => {
    expect(() => checkName(name)).toThrow(
      /is not a valid npm package name: .+\n {2}Choose another with --name/,
    );
  },
);

test('a folder suggests the nearest valid name', () => {
  expect(nameFromFolder('My Digits!', 'digits')).toBe('my-digits');
  expect(nameFromFolder('数字', 'digits')).toBe('digits');
});

test('whatever the folder is called, its suggestion is a valid name', () => {
  fc.assert(
    fc.property(fc.string(), (folder) => nameProblem(nameFromFolder(folder, 'digits')) === undefined),
  );
});

test('a scoped name suggests a folder without the scope', () => {
  expect(folderFromName('@acme/digits')).toBe('digits');
  expect(folderFromName('digits')).toBe('digits');
});
