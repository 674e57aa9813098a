import type { Context } from 'mocha'

/** Skips a test that this computer cannot run, and says so. */
export function skipBecause(test: Context, machine: string, reason: string): never {
  console.log(`      SKIPPED: ${machine}: ${reason}`)
  test.skip()
}
