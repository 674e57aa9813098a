import { expect } from 'chai'
import { StorageUnion } from '../../lib/storage/storage-union.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { entriesIn, failedAgain, failedDeliveries, failedDelivery, idsOf } from '../support/deliveries.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'

function rig() {
  const [first, second, third] = [new MemoryStorage(), new MemoryStorage(), new MemoryStorage()]
  return { first, second, third, union: new StorageUnion([first, second, third]) }
}

const keys = (entries: readonly Entry[]): string[] => entries.map(({ id, version }) => `${id} ${version}`)

describe('StorageUnion', () => {
  it('gives what each of them holds, the first one first', async () => {
    const { first, second, third, union } = rig()
    const deliveries = failedDeliveries(6)
    for (const [index, storage] of [first, second, third].entries()) {
      await storage.append(deliveries.slice(2 * index, 2 * index + 2))
    }
    expect(idsOf(await entriesIn(union))).to.deep.equal(idsOf(deliveries))
  })

  it('gives the newest version, wherever it lies, and keeps no claim of an older one', async () => {
    const { first, second, third, union } = rig()
    const [a, b] = [failedDelivery(['a']), failedDelivery(['b'])]
    await first.append([a, failedAgain(b)])
    await second.append([b])
    await third.append([failedAgain(a)])
    expect(keys(await entriesIn(union, { claim: true })).sort()).to.deep.equal([`${a.id} 2`, `${b.id} 2`].sort())
    expect([first.claims, second.claims, third.claims]).to.deep.equal([1, 0, 1])
  })

  it('removes from where it was read, and older versions everywhere', async () => {
    const { first, second, third, union } = rig()
    const [a, b] = [failedDelivery(['a']), failedDelivery(['b'])]
    await first.append([a, b])
    await second.append([failedAgain(a)])
    await union.remove(await entriesIn(union))
    expect([first, second, third].map(({ entries }) => entries.length)).to.deep.equal([0, 0, 0])
    expect(third.removals).to.deep.equal([])
  })

  for (const where of ['first', 'second'] as const) {
    it(`gives no older version because a filter hides the newest, which lies in the ${where} storage`, async () => {
      const rigged = rig()
      const { first, second, union } = rigged
      const a = failedDelivery(['a'])
      const newer = rigged[where]
      await (newer === first ? second : first).append([a])
      const refused = { status: 400, retryable: false }
      await newer.append([failedDelivery(a.records, { id: a.id, version: 1 }, refused)])
      expect(await entriesIn(union, { filter: { outcome: 'exhausted' }, claim: true })).to.deep.equal([])
      expect([first.claims, second.claims]).to.deep.equal([0, 0])
      await union.remove(await entriesIn(union, { filter: { outcome: 'refused' } }))
      expect([first, second].map(({ entries }) => keys(entries))).to.deep.equal([[], []])
    })
  }

  it('leaves the filter to the first storage while the others are empty', async () => {
    const { first, union } = rig()
    const asked: unknown[] = []
    const read = first.read.bind(first)
    first.read = options => (asked.push(options?.filter), read(options))
    const filter = { outcome: 'refused' } as const
    await entriesIn(union, { filter })
    expect(asked).to.deep.equal([filter])
  })

  it('asks each storage to remove only what was read from it', async () => {
    const { first, second, union } = rig()
    const [a, b] = [failedDelivery(['a']), failedDelivery(['b'])]
    await first.append([a, failedAgain(b)])
    await second.append([failedAgain(a), b])
    for (const storage of [first, second]) {
      const own = new WeakSet<Entry>()
      const read = storage.read.bind(storage)
      storage.read = async function* (options) {
        for await (const entry of read(options)) {
          own.add(entry)
          yield entry
        }
      }
      // As Kafka's does, which knows entries by their place only.
      storage.beforeRemove = async entries => {
        expect(entries.every(entry => own.has(entry))).to.equal(true)
      }
    }
    // One by one, as a replay does: a fallback is read when something of the first is gone already.
    for await (const entry of union.read({ claim: true })) await union.remove([entry])
    expect([first, second].map(({ entries }) => keys(entries))).to.deep.equal([[], []])
  })

  it('keeps the newer version when the older one cannot be removed', async () => {
    const { first, second, union } = rig()
    const a = failedDelivery(['a'])
    await first.append([a])
    await second.append([failedAgain(a)])
    const entries = await entriesIn(union)
    first.beforeRemove = () => Promise.reject(storageFailure(true))
    expect(await union.remove(entries).catch((error: unknown) => error)).to.include({ code: 'SPW_ERR_STORAGE' })
    expect(keys(second.entries)).to.deep.equal([`${a.id} 2`])
  })

  it('removes an entry that was not read from it wherever it is', async () => {
    const { second, union } = rig()
    await second.append(failedDeliveries(1))
    await union.remove(second.entries)
    expect(second.entries).to.deep.equal([])
  })

  it('gives what the others hold when one fails, and then its error', async () => {
    const { first, second, third, union } = rig()
    await first.append(failedDeliveries(1))
    await third.append(failedDeliveries(1))
    await second.append(failedDeliveries(1))
    second.beforeEntry = () => {
      throw storageFailure(true)
    }
    const given: string[] = []
    let failure: unknown
    try {
      for await (const { id } of union.read()) given.push(id)
    } catch (error) {
      failure = error
    }
    expect(given).to.deep.equal([...idsOf(first.entries), ...idsOf(third.entries)])
    expect(failure).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
  })

  it('tells of one that fails, and ends, where somebody wants to be told', async () => {
    const storages = [new MemoryStorage(), new MemoryStorage()]
    await storages[1]!.append(failedDeliveries(1))
    storages[0]!.read = () => {
      throw storageFailure(true)
    }
    const told: Error[] = []
    const union = new StorageUnion(storages, error => void told.push(error))
    expect(await entriesIn(union)).to.have.length(1)
    expect(told).to.have.length(1)
  })

  it('opens as long as one of them can be opened', async () => {
    const { first, second, third, union } = rig()
    const fails = (): Promise<void> => Promise.reject(storageFailure(true))
    first.open = fails
    await union.open()
    expect([second.opened, third.opened]).to.deep.equal([1, 1])
    second.open = third.open = fails
    expect(await union.open().catch((error: unknown) => error)).to.include({ code: 'SPW_ERR_STORAGE' })
  })

  it('closes all, and appends to the first', async () => {
    const { first, second, third, union } = rig()
    await union.append(failedDeliveries(1))
    await union.close()
    expect([first.appends.length, second.appends.length]).to.deep.equal([1, 0])
    expect([first, second, third].map(({ closed }) => closed)).to.deep.equal([1, 1, 1])
  })
})
