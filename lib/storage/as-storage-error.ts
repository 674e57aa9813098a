import { StorageError } from '../errors.ts'
import { messageOf } from '../message-of.ts'

/** What a storage threw, as a `StorageError`: what is none is not known to pass. */
export function asStorageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  return new StorageError('SPW_ERR_STORAGE', `The storage failed: ${messageOf(cause)}`, { retryable: false, cause })
}
