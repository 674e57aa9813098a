import { StorageError } from '../../errors.ts'
import { codeOf } from '../file/failure.ts'

/**
 * Loads the driver of a storage on first use: `await loadDriver('mysql', 'mysql2', () => import('mysql2/promise'))`. Rejects
 * with `SPW_ERR_STORAGE`, which says what to install, when the package is not there.
 */
export async function loadDriver<T>(storage: string, packageName: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const isMissing = codeOf(cause) === 'ERR_MODULE_NOT_FOUND' || codeOf(cause) === 'MODULE_NOT_FOUND'
    const message = isMissing
      ? `The storage "${storage}" needs the package ${packageName}: npm install ${packageName}`
      : `The package ${packageName}, which the storage "${storage}" needs, cannot be loaded.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
  }
}
