import type { Secrets } from '../../config/secrets.ts'
import type { Config } from '../../config/read-config.ts'
import { SpillwayError, type StorageError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { tell } from '../standard-streams.ts'

/** What every command gets. */
export interface Context {
  /** Nothing on standard error but faults. */
  readonly quiet: boolean
  /** What must not be shown. */
  readonly secrets: Secrets
  /** Aborts when nobody reads standard output any more. */
  readonly unread: AbortSignal
}

/** Opens a storage before anything is started; says why when it cannot. */
export async function openStorage(storage: Storage, secrets: Secrets): Promise<boolean> {
  try {
    await storage.open()
    return true
  } catch (error) {
    tellFailure(error as Error, secrets)
    return false
  }
}

/**
 * Opens the storage that failed records go to. One that is only away for now does not keep the records from being sent, where
 * there is a fallback: it is said, and the fallback takes what has to be stored.
 */
export async function openFirst(storage: Storage, { failover }: Config, secrets: Secrets): Promise<boolean> {
  try {
    await storage.open()
    return true
  } catch (error) {
    tellFailure(error as Error, secrets)
    const { retryable = false } = error as Partial<StorageError>
    if (!retryable || failover.fallback === undefined) return false
    tell('the fallback takes what has to be stored meanwhile')
    return true
  }
}

/** Says what failed, without what is secret; a line for each line of the message. */
export function tellFailure(error: Error | undefined, secrets: Secrets): void {
  if (error === undefined) return
  const known = error instanceof SpillwayError || 'code' in error
  const text = known ? error.message : (error.stack ?? error.message)
  for (const line of secrets.redact(text).split('\n')) tell(line)
}
