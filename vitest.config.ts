import { defineConfig } from 'vitest/config';

/** Workspace imports (`#domain`) resolve to the sources here and to `dist` in production. */
const conditions = ['source', 'node', 'import', 'module', 'default'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: [
            'libs/**/*.spec.ts',
            'apps/**/*.spec.ts',
            'test/architecture/*.spec.ts',
            'test/contract/*.spec.ts',
            'test/deploy/*.spec.ts',
            'test/faults/storage/*.spec.ts',
            'test/support/*.spec.ts',
          ],
          isolate: false,
          // A slow machine is no failure; what hangs is still found.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.sim.spec.ts'],
          testTimeout: 120_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.spec.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
