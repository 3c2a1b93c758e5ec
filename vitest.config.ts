import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['runtime/src/**/*.test.ts', 'transformer/src/**/*.test.ts', 'generators/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
