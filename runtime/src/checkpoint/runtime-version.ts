import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Of this package; checkpoints say which one wrote them. */
export const runtimeVersion = version;
