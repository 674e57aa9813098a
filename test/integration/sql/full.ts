import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import type { SqlStorage } from '../../../lib/storage/sql/sql-storage.ts'
import { entriesIn, failedDelivery, idsOf } from '../../support/deliveries.ts'
import { failureOf } from './tables.ts'

const incompressible = (): Delivery[] =>
  Array.from({ length: 200 }, () => failedDelivery([randomBytes(7_500).toString('base64')]))

/** Appends until there is no room, and checks that nothing that was taken is lost. */
export async function expectToBearFullness(storage: SqlStorage): Promise<void> {
  const appended: string[] = []
  for (;;) {
    const deliveries = incompressible()
    const error = await storage.append(deliveries).then(
      () => undefined,
      (reason: unknown) => reason
    )
    if (error === undefined) appended.push(...idsOf(deliveries))
    else {
      expect(error).to.include({ code: 'SPW_ERR_STORAGE_FULL', retryable: true })
      break
    }
    expect(appended.length, 'nothing was ever full').to.be.below(20_000)
  }
  expect(appended).not.to.deep.equal([])
  // Of the last append a part may be there.
  expect(idsOf(await entriesIn(storage))).to.include.members(appended)
  expect(await failureOf(storage.append(incompressible()))).to.include({ code: 'SPW_ERR_STORAGE_FULL' })
}
