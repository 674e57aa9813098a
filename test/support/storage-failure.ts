import { expect } from 'chai'
import { StorageError } from '../../lib/errors.ts'

/** The `StorageError` that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause
  )
  expect(error).to.be.an.instanceOf(StorageError)
  return error as StorageError
}
