import { StorageError } from '../../errors.ts'

/** The error of a storage that is used after it was closed. `name` says which: 'the table record'. */
export const closedError = (name: string): StorageError =>
  new StorageError('SPW_ERR_STORAGE', `The storage ${name} was closed.`, { retryable: false })
