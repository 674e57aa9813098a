import type { Delivery } from '../../../lib/delivery.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { entriesIn } from '../../support/deliveries.ts'

/** Calls all that a storage has, and closes it. What one of them rejects with does not keep the others from being called. */
export async function useAll(storage: Storage, deliveries: readonly Delivery[]): Promise<Error[]> {
  const errors: Error[] = []
  const tried = async <T>(task: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await task()
    } catch (error) {
      errors.push(error as Error)
      return undefined
    }
  }
  await tried(() => storage.open())
  await tried(() => storage.append(deliveries))
  await tried(() => entriesIn(storage))
  const claimed = (await tried(() => entriesIn(storage, { claim: true }))) ?? []
  await tried(() => storage.remove(claimed.slice(0, 2)))
  for (const entry of claimed.slice(2)) entry.release?.()
  const { report } = storage as { report?: () => Promise<unknown> }
  await tried(async () => report?.call(storage))
  await tried(() => storage.close())
  return errors
}
