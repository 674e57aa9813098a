import { expect } from 'chai'
import { StorageError } from '../../lib/errors.ts'
import { moveBack } from '../../lib/storage/move-back.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { failedAgain, failedDeliveries, failedDelivery, idsOf } from '../support/deliveries.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'

const { signal } = new AbortController()

async function filled(count: number): Promise<{ from: MemoryStorage; to: MemoryStorage; ids: string[] }> {
  const from = new MemoryStorage()
  const deliveries = failedDeliveries(count)
  await from.append(deliveries)
  return { from, to: new MemoryStorage(), ids: idsOf(deliveries) }
}

const asNextVersion = ({ id, version, envelope }: Entry): Entry => ({
  id,
  version: version + 1,
  envelope: { ...envelope, version: version + 1 }
})

describe('moveBack', () => {
  it('moves all, oldest first, as their next versions', async () => {
    const { from, to } = await filled(1_200)
    const again = failedAgain(failedDelivery(['again']))
    await from.append([again])
    const before = from.entries
    expect(await moveBack(from, to, signal)).to.equal(1_201)
    expect(to.entries).to.deep.equal(before.map(asNextVersion))
    expect(from.entries).to.deep.equal([])
  })

  it('loses nothing when both are one under two names', async () => {
    const { from, ids } = await filled(3)
    await moveBack(from, from, signal)
    expect(idsOf(from.entries)).to.deep.equal(ids)
  })

  it('removes nothing that was not appended first', async () => {
    const { from, to, ids } = await filled(3)
    to.beforeAppend = () => {
      throw storageFailure(true)
    }
    const error = await moveBack(from, to, signal).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(StorageError)
    expect(idsOf(from.entries)).to.deep.equal(ids)
    expect([from.removals.length, from.claims]).to.deep.equal([0, 0])
  })

  it('leaves what is refused where it is, unclaimed, and moves the others', async () => {
    const { from, to, ids } = await filled(9)
    to.beforeAppend = deliveries => {
      if (deliveries.some(({ id }) => id === ids[4])) throw storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
    }
    expect(await moveBack(from, to, signal)).to.equal(8)
    expect(idsOf(from.entries)).to.deep.equal([ids[4]])
    expect(from.claims).to.equal(0)
  })

  it('leaves alone what another reader has claimed', async () => {
    const { from, to, ids } = await filled(2)
    for await (const _entry of from.read({ claim: true })) break
    expect(await moveBack(from, to, signal)).to.equal(1)
    expect(idsOf(from.entries)).to.deep.equal(ids.slice(0, 1))
  })

  it('ends when its signal aborts, and keeps no claim', async () => {
    const { from, to } = await filled(5)
    const stop = new AbortController()
    from.beforeEntry = () => void (from.claims === 2 && stop.abort())
    expect(await moveBack(from, to, stop.signal)).to.equal(2)
    expect([from.entries.length, from.claims]).to.deep.equal([3, 0])
  })

  it('has no more than 500 entries in one append, and less of large ones', async () => {
    const { from, to } = await filled(700)
    await from.append(failedDeliveries(3, 'large', 3 * 1024 * 1024))
    await moveBack(from, to, signal)
    expect(to.appends.map(({ length }) => length)).to.deep.equal([500, 202, 1])
  })
})
