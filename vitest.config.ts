import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real child processes, on machines that may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Many tests wait for the SDK, which sends its runs a quarter of a second late: another file uses the core meanwhile.
    maxWorkers: availableParallelism() * 2,
    reporters: ['default', './scripts/skipped-reporter.mjs'],
  },
});
