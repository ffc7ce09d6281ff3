import { defineConfig } from 'vitest/config';

// Tests import the packages' sources, not their builds; processes that tests
// start run the builds, which `npm test` makes before.
// `import`, `require` and `default` are always asked for, as fits.
const conditions = ['tidings-source', 'node'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './test/support/tally-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
