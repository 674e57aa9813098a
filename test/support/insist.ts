import { expect } from 'chai'
import type { StorageError } from '../../lib/errors.ts'
import { paused } from './waiting.ts'

/** Tries until it is taken, as a FailoverWritable does. What cannot be repeated fails the test. */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await work()
    } catch (error) {
      expect((error as StorageError).retryable, (error as Error).message).to.equal(true)
      if (tried > 300) throw error
      await paused(100)
    }
  }
}
