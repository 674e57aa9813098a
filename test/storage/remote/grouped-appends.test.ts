import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { type Appending, GroupedAppends } from '../../../lib/storage/remote/grouped-appends.ts'
import { failedDeliveries, failedDelivery } from '../../../lib/testing/sample-deliveries.ts'
import { turns } from '../../support/waiting.ts'

interface Write {
  readonly records: string[]
  readonly ok: () => void
  readonly fail: (error: Error) => void
}

/** Appends whose writes stay under way until the test ends them. */
function rig(limits: Partial<Appending<string>> = {}) {
  const writes: Write[] = []
  const appends = new GroupedAppends<string>({
    encode({ id, records: [record] }: Delivery) {
      if (record === 'bad') throw new StorageError('SPW_ERR_STORAGE_REFUSED', `not ${id}`, { retryable: false })
      return String(record)
    },
    write: rows => new Promise((ok, fail) => writes.push({ records: [...rows], ok, fail })),
    bytesOf: row => row.length,
    mostRows: 4,
    mostBytes: 1_000,
    atOnce: 1,
    ...limits
  })
  return { writes, appends, written: () => writes.map(({ records }) => records.join()) }
}

const of = (...records: string[]): Delivery[] => records.map(record => failedDelivery([record]))

describe('GroupedAppends', () => {
  it('writes what is appended in one turn together', async () => {
    const { appends, written } = rig()
    void appends.append(of('a'))
    void appends.append(of('b', 'c'))
    await turns()
    expect(written()).to.deep.equal(['a,b,c'])
  })

  it('writes what is appended while a write is under way in the next one', async () => {
    const { writes, appends, written } = rig()
    void appends.append(of('a'))
    await turns()
    void appends.append(of('b'))
    void appends.append(of('c'))
    await turns()
    expect(written()).to.deep.equal(['a'])
    writes[0]!.ok()
    await turns()
    expect(written()).to.deep.equal(['a', 'b,c'])
  })

  it('has atOnce writes under way', async () => {
    const { appends, written } = rig({ atOnce: 2, mostRows: 1 })
    void appends.append(of('a', 'b', 'c'))
    await turns()
    expect(written()).to.deep.equal(['a', 'b'])
  })

  it('cuts at mostRows, and resolves when all rows of the call are written', async () => {
    const { writes, appends, written } = rig()
    let isDone = false
    void appends.append(failedDeliveries(6, 'r')).then(() => (isDone = true))
    await turns()
    writes[0]!.ok()
    await turns()
    expect([written().length, isDone]).to.deep.equal([2, false])
    writes[1]!.ok()
    await turns()
    expect(isDone).to.equal(true)
  })

  it('cuts at mostBytes, and lets a larger row go alone', async () => {
    const { appends, written } = rig({ mostBytes: 3, atOnce: 9 })
    void appends.append(of('ab', 'c', 'd', 'efghi', 'j'))
    await turns()
    expect(written()).to.deep.equal(['ab,c', 'd', 'efghi', 'j'])
  })

  it('rejects a call with a delivery that is refused, and no other', async () => {
    const { writes, appends, written } = rig()
    const refused = appends.append(of('x', 'bad')).catch((error: StorageError) => error.code)
    const taken = appends.append(of('a'))
    await turns()
    expect(written()).to.deep.equal(['a'])
    writes[0]!.ok()
    await taken
    expect(await refused).to.equal('SPW_ERR_STORAGE_REFUSED')
  })

  it('rejects every call that has rows in a write that fails, and writes no more of them', async () => {
    const { writes, appends, written } = rig()
    const outcomes = ['abc', 'def'].map(text =>
      appends.append(of(...text)).then(
        () => 'ok',
        (error: Error) => error.message
      )
    )
    const last = appends.append(of('g'))
    await turns()
    writes[0]!.fail(new Error('gone'))
    await turns()
    writes[1]!.ok()
    await last
    expect(await Promise.all(outcomes)).to.deep.equal(['gone', 'gone'])
    expect(written()).to.deep.equal(['a,b,c,d', 'g'])
  })

  it('writes the calls apart when one of those that share a write is refused', async () => {
    const { writes, appends, written } = rig()
    const refusal = new StorageError('SPW_ERR_STORAGE_REFUSED', 'too large', { retryable: false })
    const refused = appends.append(of('large')).catch((error: StorageError) => error.code)
    const taken = appends.append(of('a'))
    await turns()
    writes[0]!.fail(refusal)
    await turns()
    writes[1]!.fail(refusal)
    await turns()
    writes[2]!.ok()
    await taken
    expect(await refused).to.equal('SPW_ERR_STORAGE_REFUSED')
    expect(written()).to.deep.equal(['large,a', 'large', 'a'])
  })

  it('is idle when nothing waits and nothing is under way', async () => {
    const { writes, appends } = rig()
    let isIdle = false
    void appends.append(failedDeliveries(5))
    void appends.idle().then(() => (isIdle = true))
    await turns()
    writes[0]!.ok()
    await turns()
    expect(isIdle).to.equal(false)
    writes[1]!.ok()
    await turns()
    expect(isIdle).to.equal(true)
  })

  it('takes nothing at once when there is nothing to append', async () => {
    const { appends, written } = rig()
    await appends.append([])
    expect(written()).to.deep.equal([])
  })
})
