import assert from 'node:assert/strict'
import type { Delivery } from '../delivery.ts'
import { envelopeOf, recordsOf } from '../storage/envelope.ts'
import type { Entry, ReadOptions, Storage } from '../storage/storage.ts'
import { failedDeliveries, failedDelivery, storedAgain } from './sample-deliveries.ts'

// One test per promise of the interface is what makes this file long.

/** Makes a storage that is empty, for one test. It is closed after the test. */
export type ContractStorage = () => Storage | Promise<Storage>

export interface StorageContractOptions {
  /** Makes a second storage over what the first one holds, which is still open. It is closed after the test. */
  reopen?: (storage: Storage) => Storage | Promise<Storage>
}

// Of mocha, or of any other runner that has these three.
interface Runner {
  describe: (title: string, body: () => void) => void
  it: (title: string, test: () => Promise<void>) => void
  afterEach: (hook: () => Promise<void>) => void
}

/**
 * The promises of `Storage`, as tests: one suite named after `name`, for a runner with the global functions `describe`, `it` and
 * `afterEach`, such as mocha. Call it at the top of a test file.
 */
export function storageContract(name: string, create: ContractStorage, options: StorageContractOptions = {}): void {
  const { describe, it, afterEach } = globalThis as unknown as Runner
  const { reopen } = options
  const opened: Storage[] = []

  async function fresh(): Promise<Storage> {
    return kept(await create())
  }

  async function again(storage: Storage): Promise<Storage> {
    return kept(await reopen!(storage))
  }

  function kept(storage: Storage): Storage {
    opened.push(storage)
    return storage
  }

  describe(`${name} keeps the contract of Storage`, () => {
    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close()
    })

    it('is empty at first, and stays so when nothing is appended', async () => {
      const storage = await fresh()
      await storage.append([])
      assert.deepEqual(await idsIn(storage), [])
    })

    it('gives what was appended, oldest first', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(25)
      await storage.append(deliveries.slice(0, 10))
      for (const delivery of deliveries.slice(10)) await storage.append([delivery])
      assert.deepEqual(await idsIn(storage), ids(deliveries))
    })

    it('gives all of many appends that were under way at once', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(200)
      await Promise.all(deliveries.map(delivery => storage.append([delivery])))
      assert.deepEqual((await idsIn(storage)).sort(), ids(deliveries).sort())
    })

    it('gives the envelope of the delivery, its version one more than the delivery has', async () => {
      const storage = await fresh()
      const delivery = failedDelivery(['a', 'b'], { version: 2, priorAttempts: 4 }, { notBefore: 1_900_000_000_000 })
      await storage.append([delivery])
      const [entry] = await entriesIn(storage)
      assert.deepEqual(entry?.envelope, envelopeOf(delivery))
      assert.deepEqual([entry.id, entry.version], [delivery.id, 3])
    })

    it('gives records back as they were, whatever they consist of', async () => {
      const storage = await fresh()
      const records = [
        '',
        '{"a":"\\n"}',
        'line\r\nbreak\0\u2028',
        'ä€𐍈',
        Buffer.from([0xff, 0, 0xfe]),
        'x'.repeat(300_000)
      ]
      await storage.append([failedDelivery(records)])
      const [entry] = await entriesIn(storage)
      assert.deepEqual(recordsOf(entry!.envelope), records)
    })

    it('keeps no secret header', async () => {
      const storage = await fresh()
      await storage.append([failedDelivery(['a'], { headers: { authorization: 'secret', 'x-kept': 'yes' } })])
      const [entry] = await entriesIn(storage)
      assert.deepEqual(entry?.envelope.headers, { 'x-kept': 'yes' })
    })

    it('has one entry of a delivery whose append was repeated', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await storage.append(deliveries.slice(1))
      assert.deepEqual(await idsIn(storage), ids(deliveries))
    })

    it('gives the newest of several versions', async () => {
      const storage = await fresh()
      const [first, second] = failedDeliveries(2) as [Delivery, Delivery]
      await storage.append([first, second])
      await storage.append([storedAgain(first)])
      assert.deepEqual((await entriesIn(storage)).map(keyOf).sort(), [`${first.id} 2`, `${second.id} 1`].sort())
    })

    it('ends at what was there when the reading began', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(5)
      await storage.append(deliveries)
      const given: string[] = []
      for await (const { id } of storage.read()) {
        given.push(id)
        await storage.append(failedDeliveries(1, 'later'))
      }
      assert.deepEqual(given, ids(deliveries))
    })

    it('gives an entry again that was read and not removed', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await idsIn(storage)
      assert.deepEqual(await idsIn(storage), ids(deliveries))
    })

    it('does not give an entry again that was removed', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      const [, second] = await entriesIn(storage)
      await storage.remove([second!])
      assert.deepEqual(await idsIn(storage), [deliveries[0]!.id, deliveries[2]!.id])
    })

    it('takes a delivery again after its entry was removed', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(1)
      await storage.append(deliveries)
      await storage.remove(await entriesIn(storage))
      await storage.append(deliveries)
      assert.deepEqual(await idsIn(storage), ids(deliveries))
    })

    it('removes the older versions of what is removed', async () => {
      const storage = await fresh()
      const [delivery] = failedDeliveries(1) as [Delivery]
      await storage.append([delivery])
      await storage.append([storedAgain(delivery)])
      await storage.remove(await entriesIn(storage))
      assert.deepEqual(await idsIn(storage), [])
    })

    it('keeps a version that is newer than the one that is removed', async () => {
      const storage = await fresh()
      const [delivery] = failedDeliveries(1) as [Delivery]
      await storage.append([delivery])
      const old = await entriesIn(storage)
      await storage.append([storedAgain(delivery)])
      await storage.remove(old)
      assert.deepEqual((await entriesIn(storage)).map(keyOf), [`${delivery.id} 2`])
    })

    it('removes nothing when what is removed is gone already', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(2)
      await storage.append(deliveries)
      const [first] = await entriesIn(storage)
      await storage.remove([first!])
      await storage.remove([first!])
      assert.deepEqual(await idsIn(storage), [deliveries[1]!.id])
    })

    it('gives no entry to two readers that claim', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(50)
      await storage.append(deliveries)
      const given = await Promise.all([1, 2, 3].map(() => idsIn(storage, { claim: true })))
      assert.deepEqual(given.flat().sort(), ids(deliveries).sort())
    })

    it('gives an entry to another reader when its claim was released', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(2)
      await storage.append(deliveries)
      const [first] = await entriesIn(storage, { claim: true })
      first!.release?.()
      assert.deepEqual(await idsIn(storage, { claim: true }), [deliveries[0]!.id])
    })

    it('claims nothing for a reader that does not claim', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await idsIn(storage)
      assert.deepEqual(await idsIn(storage, { claim: true }), ids(deliveries))
      assert.deepEqual(await idsIn(storage), ids(deliveries))
    })

    it('claims nothing that it did not give before its reader left', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(10)
      await storage.append(deliveries)
      for await (const { id } of storage.read({ claim: true })) if (id === deliveries[1]!.id) break
      assert.deepEqual(await idsIn(storage, { claim: true }), ids(deliveries.slice(2)))
    })

    it('neither gives nor claims what does not match the filter', async () => {
      const storage = await fresh()
      const [refused, exhausted] = [failedDelivery(['a'], {}, { retryable: false }), failedDelivery(['b'])]
      await storage.append([refused, exhausted])
      assert.deepEqual(await idsIn(storage, { claim: true, filter: { outcome: 'refused' } }), [refused.id])
      assert.deepEqual(await idsIn(storage, { claim: true }), [exhausted.id])
    })

    it('ends a reading when its signal aborts', async () => {
      const storage = await fresh()
      await storage.append(failedDeliveries(10))
      const stop = new AbortController()
      let given = 0
      for await (const _entry of storage.read({ signal: stop.signal })) if (++given === 3) stop.abort()
      assert.equal(given, 3)
    })

    it('opens and closes twice without harm', async () => {
      const storage = await fresh()
      await storage.open()
      await storage.open()
      await storage.append(failedDeliveries(1))
      await storage.close()
      await storage.close()
    })

    it('finishes an append that is under way when it is closed', async () => {
      const storage = await fresh()
      const appended = storage.append(failedDeliveries(3))
      await storage.close()
      await appended
    })

    if (reopen === undefined) return

    it('shows what was appended and removed to a second storage', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await storage.remove((await entriesIn(storage)).slice(0, 1))
      assert.deepEqual(await idsIn(await again(storage)), ids(deliveries.slice(1)))
    })

    it('keeps what was appended over a close', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await storage.close()
      assert.deepEqual(await idsIn(await again(storage)), ids(deliveries))
    })

    it('keeps what was removed away over a close', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      await storage.remove((await entriesIn(storage)).slice(0, 2))
      await storage.close()
      assert.deepEqual(await idsIn(await again(storage)), ids(deliveries.slice(2)))
    })

    it('removes by a second storage what was read by the first', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      const second = await again(storage)
      await second.remove((await entriesIn(storage)).slice(0, 2))
      assert.deepEqual(await idsIn(second), ids(deliveries.slice(2)))
    })

    it('gives no entry to two readers that claim by two storages', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(20)
      await storage.append(deliveries)
      const second = await again(storage)
      const given = await Promise.all([storage, second].map(each => idsIn(each, { claim: true })))
      assert.deepEqual(given.flat().sort(), ids(deliveries).sort())
    })

    it('ends the claims of a storage that is closed', async () => {
      const storage = await fresh()
      const deliveries = failedDeliveries(3)
      await storage.append(deliveries)
      const second = await again(storage)
      await idsIn(second, { claim: true })
      await second.close()
      assert.deepEqual(await idsIn(storage, { claim: true }), ids(deliveries))
    })
  })
}

async function entriesIn(storage: Storage, options?: ReadOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of storage.read(options)) entries.push(entry)
  return entries
}

async function idsIn(storage: Storage, options?: ReadOptions): Promise<string[]> {
  return ids(await entriesIn(storage, options))
}

const ids = (items: ReadonlyArray<{ readonly id: string }>): string[] => items.map(({ id }) => id)

const keyOf = ({ id, version }: Entry): string => `${id} ${version}`
