import { defineConfig } from 'vitest/config'

// The packed tarball, installed. Apart from the other tests, since it needs dist/ and a minute rather than seconds.
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    passWithNoTests: false,
    allowOnly: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
