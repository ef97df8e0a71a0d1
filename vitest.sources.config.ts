import { defineConfig } from 'vitest/config'

// The tests that need nothing but src/: for every Node.js line. The others need dist/ or start processes.
export default defineConfig({
  test: {
    include: ['test/{unit,traps,parity,model,outbound}/**/*.test.ts'],
    passWithNoTests: false,
    testTimeout: 10_000,
  },
})
