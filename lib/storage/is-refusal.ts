import { StorageError } from '../errors.ts'

/** Whether the storage itself works, and only does not take this. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof StorageError && error.code === 'SPW_ERR_STORAGE_REFUSED'
