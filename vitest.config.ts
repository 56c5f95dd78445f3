import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // The machines that run this have two cores.
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      reportsDirectory: 'coverage/unit',
      include: ['src/**/*.ts'],
      // What only lives with sockets, threads and signals is covered by the end-to-end tests.
      exclude: ['src/**/*.test.ts', 'src/cli/**', 'src/server/**', 'src/net/**'],
      reporter: ['text-summary', 'html'],
      thresholds: {
        // Two or three points below what was measured, as a ratchet.
        statements: 88,
        branches: 81,
        functions: 88,
        lines: 90,
        'src/protocol/**': { statements: 95, branches: 90, functions: 95, lines: 95 },
      },
    },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          // Every suite starts a whole portico with two workers, a front and clients.
          testTimeout: 150_000,
          // Real programs on a shared machine: what fails twice in a row is no accident.
          retry: 1,
          hookTimeout: 180_000,
          pool: 'forks',
        },
      },
    ],
  },
})
