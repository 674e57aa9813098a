import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { StorageChain } from '../../lib/storage/storage-chain.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'

const listener = { passedOver: (): void => {}, stalled: (): void => {}, resumed: (): void => {} }

describe('a storage and its fallback', () => {
  it('goes back to the first storage when that works again and the fallback does not', async () => {
    const [first, second] = [new MemoryStorage(), new MemoryStorage()]
    let failures = 0
    first.beforeAppend = () => {
      if (failures++ < 5) throw storageFailure(true)
    }
    second.beforeAppend = () => {
      throw storageFailure(true)
    }
    const chain = new StorageChain([first, second], listener)
    expect(await chain.append([new Delivery(['1'])])).to.equal(first)
  }).timeout(20_000)

  it('waits for the first storage when the fallback fails for good and the first may recover', async () => {
    const [first, second] = [new MemoryStorage(), new MemoryStorage()]
    let failures = 0
    first.beforeAppend = () => {
      if (failures++ < 4) throw storageFailure(true)
    }
    second.beforeAppend = () => {
      throw storageFailure(false)
    }
    const chain = new StorageChain([first, second], listener)
    expect(await chain.append([new Delivery(['1'])])).to.equal(first)
  }).timeout(20_000)

  it('keeps one delivery that the first storage refuses from taking the others along', async () => {
    const [first, second] = [new MemoryStorage(), new MemoryStorage()]
    first.beforeAppend = deliveries => {
      if (deliveries.some(({ records }) => records[0] === '"big"'))
        throw storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
    }
    const failover = new FailoverWritable({ storage: first, fallback: { storage: second } })
    const deliveries = ['a', 'b', 'big', 'c'].map(text => new Delivery([JSON.stringify(text)]))
    await pipeline(Readable.from(deliveries), failover)
    const recordsOf = (storage: MemoryStorage): unknown[] => storage.appends.flat().flatMap(({ records }) => records)
    expect(recordsOf(first)).to.have.members(['"a"', '"b"', '"c"'])
    expect(recordsOf(second)).to.deep.equal(['"big"'])
  })
})
