import type { DiagnosticKind } from './diagnostic.js';

/** What keeps a command of `pl` from doing its work. */
export const commandErrors: readonly DiagnosticKind[] = [
  {
    code: 'PL1902',
    explanation:
      "There is no tsconfig.json where pl looks for one: in the working directory, or where -p points. The compiler needs it to know a project's sources. Run pl in the project's folder, or name the file: pl generate -p path/to/tsconfig.json.",
  },
  {
    code: 'PL1903',
    explanation:
      'The tsconfig.json is not well-formed, or extends one that cannot be found. The message says where reading failed.',
  },
  {
    code: 'PL1904',
    explanation:
      'The project does not have @pl-ts/runtime installed, so nothing is known about hooks, settings and loops. Run npm install in its folder; if the package is not among its dependencies, npm install @pl-ts/runtime.',
  },
  {
    code: 'PL1905',
    explanation:
      'No source file of the project imports @pl-ts/runtime, so there are no classes to write code for. Check that the "include" of tsconfig.json covers the sources.',
  },
  {
    code: 'PL1906',
    explanation:
      "pl build runs the project's own TypeScript compiler, and none is installed. Any version from 5.9 works: npm install --save-dev typescript.",
  },
  {
    code: 'PL1907',
    explanation:
      "pl run looks for the project's program from the nearest folder with a package.json upwards, and found none. Change to the project's folder.",
  },
  {
    code: 'PL1908',
    explanation:
      'The program that pl run starts is dist/main.js, which npm run build makes from src/main.ts, together with the code in src/generated. One of them is missing: the project was never built, or what the build made was deleted.',
  },
  {
    code: 'PL1909',
    explanation:
      'A source file was changed after the last build, so the program that runs is not what the sources say. It runs all the same; npm run build brings it up to date. This is a warning.',
  },
  {
    code: 'PL1910',
    explanation: 'pl explain knows no such code. Codes stand in front of each message: error PL1003.',
  },
];
