import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real child processes, on machines that may be busy.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
});
