import type { Secrets } from '../../config/secrets.ts'
import { SpillwayError } from '../../errors.ts'
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

/** Says what failed, without what is secret; a line for each line of the message. */
export function tellFailure(error: Error | undefined, secrets: Secrets): void {
  if (error === undefined) return
  const known = error instanceof SpillwayError || 'code' in error
  const text = known ? error.message : (error.stack ?? error.message)
  for (const line of secrets.redact(text).split('\n')) tell(line)
}
