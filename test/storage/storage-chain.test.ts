import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { StorageError } from '../../lib/errors.ts'
import { StorageChain } from '../../lib/storage/storage-chain.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'
import { paused, within } from '../support/waiting.ts'

const one = [new Delivery(['1'])]

function chainOf(...storages: MemoryStorage[]): { chain: StorageChain; told: string[] } {
  const told: string[] = []
  const chain = new StorageChain(storages, {
    passedOver: ({ code }) => told.push(`passed over ${code}`),
    stalled: ({ code }) => told.push(`stalled ${code}`),
    resumed: () => told.push('resumed')
  })
  return { chain, told }
}

/** Fails so many times. */
function failing(times: number, error = storageFailure(true)): MemoryStorage & { tries: number } {
  const storage = Object.assign(new MemoryStorage(), { tries: 0 })
  storage.beforeAppend = () => {
    if (storage.tries++ < times) throw error
  }
  return storage
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error
  )

describe('StorageChain', () => {
  it('appends to the first, and says which one it was', async () => {
    const [first, second] = [new MemoryStorage(), new MemoryStorage()]
    const { chain, told } = chainOf(first, second)
    expect(await chain.append(one)).to.equal(first)
    expect([first.appends.length, second.appends.length, told.length]).to.deep.equal([1, 0, 0])
  })

  it('says once that a storage is passed over, and again only after it took something', async () => {
    const [first, second] = [failing(7), new MemoryStorage()]
    const { chain, told } = chainOf(first, second)
    await chain.append(one)
    expect(told).to.deep.equal(['passed over SPW_ERR_STORAGE'])
    expect(second.appends.length).to.equal(1)
    await chain.append(one)
    expect(told).to.have.length(1)
  })

  it('T03 tries a storage again whose failure may pass, and says once that it stands still, and once that it goes on', async () => {
    const storage = failing(2, storageFailure(true, 'SPW_ERR_STORAGE_FULL'))
    const { chain, told } = chainOf(storage)
    await chain.append(one)
    expect(storage.tries).to.equal(3)
    expect(told).to.deep.equal(['stalled SPW_ERR_STORAGE_FULL', 'resumed'])
  })

  it('rejects with a failure that does not pass', async () => {
    const error = storageFailure(false)
    const { chain } = chainOf(failing(1, error))
    expect(await failureOf(chain.append(one))).to.equal(error)
  })

  it('makes a StorageError of what a storage throws else, and does not try again', async () => {
    const storage = failing(1, new TypeError('mine') as StorageError)
    const { chain } = chainOf(storage)
    const failure = await failureOf(chain.append(one))
    expect(failure).to.be.instanceOf(StorageError).that.includes({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(storage.tries).to.equal(1)
  })

  it('T33 goes to the next storage at once when the failure does not pass', async () => {
    const first = failing(Infinity, storageFailure(false))
    const second = new MemoryStorage()
    expect(await chainOf(first, second).chain.append(one)).to.equal(second)
    expect(first.tries).to.equal(1)
  })

  it('goes to the next storage after three tries when it may pass', async () => {
    const first = failing(Infinity)
    const second = new MemoryStorage()
    expect(await chainOf(first, second).chain.append(one)).to.equal(second)
    expect(first.tries).to.equal(3)
  })

  it('passes over for a while a storage that has failed', async () => {
    const first = failing(1, storageFailure(false))
    const second = new MemoryStorage()
    const { chain } = chainOf(first, second)
    await chain.append(one)
    await chain.append(one)
    expect([first.tries, second.appends.length]).to.deep.equal([1, 2])
  })

  it('does not pass over a storage that only refused', async () => {
    const first = failing(1, storageFailure(false, 'SPW_ERR_STORAGE_REFUSED'))
    const second = new MemoryStorage()
    const { chain } = chainOf(first, second)
    expect(await chain.append(one)).to.equal(second)
    expect(await chain.append(one)).to.equal(first)
  })

  it('rejects with the last failure when none can take it', async () => {
    const last = storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
    const { chain } = chainOf(failing(1, storageFailure(false)), failing(1, last))
    expect(await failureOf(chain.append(one))).to.equal(last)
  })

  it('tries the last one even when it was passed over', async () => {
    const storage = failing(1, storageFailure(false))
    const { chain } = chainOf(storage)
    await failureOf(chain.append(one))
    expect(await chain.append(one)).to.equal(storage)
  })

  it('ends its waiting when it is stopped', async () => {
    const storage = failing(Infinity)
    const { chain } = chainOf(storage)
    const appended = failureOf(chain.append(one))
    await paused(350)
    chain.stop()
    expect(await within(appended, 'the append to reject', 200)).to.include({ code: 'SPW_ERR_STORAGE' })
  })

  it('tries once when it was stopped before', async () => {
    const storage = failing(Infinity)
    const { chain } = chainOf(storage)
    chain.stop()
    await failureOf(chain.append(one))
    expect(storage.tries).to.equal(1)
  })
})
