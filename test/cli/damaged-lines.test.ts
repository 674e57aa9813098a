import { expect } from 'chai'
import { DamagedLines } from '../../lib/cli/damaged-lines.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import type { DamagedLine } from '../../lib/source/input-source.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'
import { told } from '../support/told.ts'
import { paused, within } from '../support/waiting.ts'

const line = (number: number, more: Partial<DamagedLine> = {}): DamagedLine => ({
  file: 'f',
  line: number,
  reason: 'it is not JSON',
  bytes: Buffer.from(`line ${number}`),
  first: true,
  settled: () => {},
  ...more
})

describe('DamagedLines', () => {
  const texts = told()

  async function ended(failover: FailoverWritable): Promise<void> {
    failover.end()
    await failover.settled()
  }

  it('stores a line as it is, as refused, for the URL without its password', async () => {
    const storage = new MemoryStorage()
    const failover = new FailoverWritable({ storage })
    const damaged = new DamagedLines(failover, { method: 'put', url: 'http://user:pass@h/x' })
    await damaged.take(line(7))
    await ended(failover)
    const [{ envelope }] = storage.entries as [Entry]
    expect(envelope).to.deep.include({
      method: 'PUT',
      url: 'http://h/x',
      records: ['line 7'],
      outcome: 'refused'
    })
    expect(envelope.lastError).to.deep.include({ code: 'SPW_ERR_ENCODE', phase: 'not-sent' })
    expect([damaged.lines, damaged.lost]).to.deep.equal([1, 0])
  })

  it('counts the parts of one line as one line', async () => {
    const storage = new MemoryStorage()
    const failover = new FailoverWritable({ storage })
    const damaged = new DamagedLines(failover, {})
    await damaged.take(line(7, { bytes: Buffer.from('a') }))
    await damaged.take(line(7, { bytes: Buffer.from('b'), first: false }))
    await damaged.take(line(7, { bytes: Buffer.alloc(0), first: false }))
    await ended(failover)
    expect(storage.records).to.deep.equal(['a', 'b'])
    expect(damaged.lines).to.equal(1)
  })

  it('shows ten lines, then how many more there were', async () => {
    const failover = new FailoverWritable({ storage: new MemoryStorage() })
    const damaged = new DamagedLines(failover, {})
    for (let i = 1; i <= 12; i++) await damaged.take(line(i))
    await ended(failover)
    damaged.end()
    expect(texts).to.have.lengthOf(11)
    expect(texts[9]).to.include('f:10 is damaged and goes to the storage as it is: it is not JSON')
    expect(texts[10]).to.include('2 more damaged lines, 12 in all')
  })

  it('takes no more than a bounded number while the storage is slow', async () => {
    let go = (): void => {}
    const slow = new Promise<void>(resolve => (go = resolve))
    const storage = new MemoryStorage()
    storage.beforeAppend = () => slow
    const failover = new FailoverWritable({ storage, batchSize: 10 })
    const damaged = new DamagedLines(failover, {})
    let taken = 0
    const all = (async () => {
      for (; taken < 2_000; taken++) await damaged.take(line(taken))
    })()
    await paused(50)
    expect(taken).to.be.within(20, 60)
    go()
    await all
    await ended(failover)
    expect(damaged.lost).to.equal(0)
    expect(storage.records).to.have.lengthOf(2_000)
  })

  it('does not go on waiting for a storage that is given up', async () => {
    const storage = new MemoryStorage()
    const appends: Array<(error: Error) => void> = []
    storage.beforeAppend = () => new Promise((_resolve, reject) => void appends.push(reject))
    const failover = new FailoverWritable({ storage, batchSize: 10 })
    failover.on('error', () => {})
    const damaged = new DamagedLines(failover, {})
    const all = (async () => {
      for (let i = 0; i < 100; i++) await damaged.take(line(i))
    })()
    await paused(50)
    failover.destroy()
    for (const fail of appends) fail(storageFailure(false))
    await within(all, 'the lines')
    await failover.settled()
    expect(damaged.lost).to.equal(100)
  })

  it('counts as lost what the storage did not take, and does not wait for it', async () => {
    const storage = new MemoryStorage()
    storage.beforeAppend = () => Promise.reject(storageFailure(false))
    const failover = new FailoverWritable({ storage })
    failover.on('error', () => {})
    const damaged = new DamagedLines(failover, {})
    for (let i = 0; i < 600; i++) await damaged.take(line(i))
    await failover.settled()
    expect(damaged.lost).to.equal(600)
  })
})
