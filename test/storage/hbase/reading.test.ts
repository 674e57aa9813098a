import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { Claims } from '../../../lib/storage/hbase/claims.ts'
import { nextTime } from '../../../lib/storage/hbase/clock.ts'
import { entryRowOf, putOf } from '../../../lib/storage/hbase/entry-row.ts'
import { HBaseEntry } from '../../../lib/storage/hbase/entry.ts'
import { entriesOf } from '../../../lib/storage/hbase/reading.ts'
import { Readers } from '../../../lib/storage/hbase/readers.ts'
import { noteStrays } from '../../../lib/storage/hbase/strays.ts'
import type { ReadOptions } from '../../../lib/storage/storage.ts'
import { failedDelivery } from '../../support/deliveries.ts'
import { MemoryTable } from '../../support/memory-table.ts'
import { failure } from '../../support/storage-failure.ts'

describe('Reading a table of HBase', () => {
  let table: MemoryTable
  const readers: Readers[] = []

  beforeEach(() => {
    table = new MemoryTable()
  })
  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.end().catch(() => undefined)
  })

  async function append(...deliveries: Delivery[]): Promise<void> {
    const rows = deliveries.map(entryRowOf)
    const appended = nextTime()
    await table.put(rows.map(row => putOf(row, appended)))
    await noteStrays(table, rows)
  }

  function claims(lease = 3_000): Claims {
    const reader = new Readers(table, lease)
    readers.push(reader)
    return new Claims(table, reader)
  }

  async function read(by?: Claims, options: ReadOptions = {}): Promise<HBaseEntry[]> {
    const entries: HBaseEntry[] = []
    const open = async () => ({ table, claims: by! })
    for await (const entry of entriesOf(open, { claim: by !== undefined, ...options })) entries.push(entry)
    return entries
  }

  const remove = (entries: readonly HBaseEntry[]): Promise<void> =>
    table.remove(entries.flatMap(entry => HBaseEntry.removalsOf(entry)))
  const keysOf = (entries: readonly HBaseEntry[]): string[] => entries.map(({ id, version }) => `${id} ${version}`)

  for (const [pageRows, isQuickerForwards] of [
    [1, false],
    [2, true],
    [3, false],
    [100, true]
  ] as const) {
    it(`gives the newest of versions that stand together, with pages of ${pageRows}`, async () => {
      table = new MemoryTable(pageRows)
      table.isQuickerForwards = isQuickerForwards
      for (const id of ['a', 'a.0', 'b']) {
        for (const version of [0, 1, 2]) await append(failedDelivery(['x'], { id, version, acceptedAt: 5 }))
      }
      const entries = await read()
      expect(keysOf(entries).sort()).to.deep.equal(['a 3', 'a.0 3', 'b 3'])
      await remove(entries)
      expect(table.keys).to.deep.equal([])
    })

    it(`gives the newest of versions that stand apart, and removes the others with it, with pages of ${pageRows}`, async () => {
      table = new MemoryTable(pageRows)
      table.isQuickerForwards = isQuickerForwards
      await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }), failedDelivery(['x'], { id: 'b', acceptedAt: 6 }))
      await append(failedDelivery(['x'], { id: 'a', version: 1, acceptedAt: 7 }))
      await append(failedDelivery(['x'], { id: 'a', version: 2, acceptedAt: 9 }))
      const entries = await read()
      expect(keysOf(entries)).to.deep.equal(['b 1', 'a 3'])
      await remove(entries.slice(1))
      expect(keysOf(await read())).to.deep.equal(['b 1'])
      expect(table.keys.filter(key => key[0] === 0x7f)).to.have.length(1)
    })
  }

  it('removes what was replaced when it reads with claims, and nothing else does', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    await append(failedDelivery(['x'], { id: 'a', version: 1, acceptedAt: 7 }))
    const count = table.keys.length
    await read()
    expect(table.keys).to.have.length(count)
    expect(keysOf(await read(claims()))).to.deep.equal(['a 2'])
    expect(table.keys.filter(key => key[0] === 0x7f)).to.have.length(1)
  })

  it('gives a version that was appended again after a newer one that stands apart: twice rather than never', async () => {
    const first = failedDelivery(['x'], { id: 'a', acceptedAt: 5 })
    await append(first)
    await append(failedDelivery(['x'], { id: 'a', version: 1, acceptedAt: 7 }))
    await append(first)
    expect(keysOf(await read())).to.deep.equal(['a 1', 'a 2'])
  })

  it('notes no version whose predecessor stands beside it', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    await append(failedDelivery(['x'], { id: 'a', version: 1, acceptedAt: 5 }))
    expect(table.keys.map(key => key[0])).to.deep.equal([0x7f, 0x7f])
  })

  it('claims what it had claimed when the answer to the claim was lost', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    const swap = table.swap.bind(table)
    let losses = 1
    // The client repeats a call whose answer is lost.
    table.swap = async swaps => {
      const done = await swap(swaps)
      return losses-- > 0 ? swap(swaps) : done
    }
    expect(keysOf(await read(claims()))).to.deep.equal(['a 1'])
  })

  it('does not claim what was appended again since it was read', async () => {
    const delivery = failedDelivery(['x'], { id: 'a', acceptedAt: 5 })
    await append(delivery)
    table.before = call => {
      if (call !== 'swap') return
      table.before = () => undefined
      void append(delivery)
    }
    expect(await read(claims())).to.deep.equal([])
    expect(keysOf(await read(claims()))).to.deep.equal(['a 1'])
  })

  it('does not give what another reader has removed before it was claimed', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    const [entry] = await read()
    table.before = call => {
      if (call !== 'swap') return
      table.before = () => undefined
      void remove([entry!])
    }
    expect(await read(claims())).to.deep.equal([])
    expect(table.keys.filter(key => key[0] === 0x7f)).to.deep.equal([])
  })

  it('takes over what a dead reader has claimed, by the clock of the server', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    const dead = claims(3_000)
    expect(await read(dead)).to.have.length(1)
    table.now += 2_900
    expect(await read(claims())).to.deep.equal([])
    table.now += 200
    expect(keysOf(await read(claims()))).to.deep.equal(['a 1'])
  })

  it('forgets a reader that has been dead for very long', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }))
    await read(claims(1_000))
    table.now += 20_000
    await read(claims(1_000))
    expect(table.keys.filter(key => key.toString().startsWith('~reader/'))).to.have.length(1)
  })

  it('gives what somebody whose clock is ahead has appended before, and leaves what comes meanwhile for the next time', async () => {
    const put = (delivery: Delivery, appended: number): Promise<void> =>
      table.put([putOf(entryRowOf(delivery), appended)])
    await put(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }), Date.now() + 3_600_000)
    await append(failedDelivery(['x'], { id: 'b', acceptedAt: 6 }))
    const given: string[] = []
    for await (const { id } of entriesOf(async () => ({ table, claims: claims() }), {})) {
      given.push(id)
      await append(failedDelivery(['x'], { id: `later than ${id}`, acceptedAt: 7 + given.length }))
    }
    expect(given).to.deep.equal(['a', 'b'])
    expect(await read()).to.have.length(4)
  })

  it('ends when its lease is over, as others may have what it claimed', async () => {
    table = new MemoryTable(10)
    for (const id of ['a', 'b', 'c']) await append(failedDelivery(['x'], { id, acceptedAt: 5 }))
    const by = claims(150)
    const reading = entriesOf(async () => ({ table, claims: by }), { claim: true })
    await reading.next()
    table.before = call => {
      if (call === 'put') throw new StorageError('SPW_ERR_STORAGE', 'away', { retryable: true })
    }
    await new Promise(resolve => setTimeout(resolve, 250))
    expect((await failure(reading.next())).message).to.include('what was claimed has lapsed')
  })

  it('ends with its storage, as its claims do', async () => {
    table = new MemoryTable(10)
    for (const id of ['a', 'b', 'c']) await append(failedDelivery(['x'], { id, acceptedAt: 5 }))
    const by = claims()
    const reading = entriesOf(async () => ({ table, claims: by }), { claim: true })
    await reading.next()
    await readers[0]!.end()
    expect((await failure(reading.next())).message).to.include('was closed')
  })

  it('claims once more what it could not give back, or whose claim failed', async () => {
    for (const id of ['a', 'b', 'c']) await append(failedDelivery(['x'], { id, acceptedAt: 5 }))
    const away = (): void => {
      throw new StorageError('SPW_ERR_STORAGE', 'away', { retryable: true })
    }
    const by = claims()
    table.after = call => call === 'swap' && away()
    await failure(read(by))
    table.after = () => undefined
    const entries = await read(by)
    expect(keysOf(entries).sort()).to.deep.equal(['a 1', 'b 1', 'c 1'])
    table.before = call => call === 'swap' && away()
    for (const entry of entries.slice(1)) entry.release()
    await by.released()
    table.before = () => undefined
    expect(await read(claims())).to.have.length(0)
    expect(await read(by)).to.have.length(2)
    expect(await read(by)).to.have.length(0)
  })

  it('passes over rows of others, whatever their keys are', async () => {
    const keys = [
      '7f',
      '7f00',
      '7fff',
      '7fffffffffffff',
      '7f'.padEnd(40, '0'),
      '7f'.padEnd(40, 'f'),
      '7f01'.padEnd(16, '0')
    ]
    for (const isQuickerForwards of [false, true]) {
      table = new MemoryTable(2)
      table.isQuickerForwards = isQuickerForwards
      await table.put(keys.map(key => ({ key: Buffer.from(key, 'hex'), cells: [['other', 'x']], time: 1 })))
      await append(failedDelivery(['x'], { id: 'a', acceptedAt: Date.now() }))
      await append(failedDelivery(['x'], { id: 'a', version: 1, acceptedAt: Date.now() + 5 }))
      expect(keysOf(await read())).to.deep.equal(['a 2'])
      await table.put(keys.map(key => ({ key: Buffer.from(key, 'hex'), cells: [['values', 'x']], time: 1 })))
      expect(await read()).to.have.length(1 + keys.length)
    }
  })

  it('shows an entry that is damaged as it is, refused, and gives the others', async () => {
    await append(failedDelivery(['x'], { id: 'a', acceptedAt: 5 }), failedDelivery(['x'], { id: 'b', acceptedAt: 6 }))
    const [key] = table.keys
    await table.put([{ key: key!, cells: [['request', '{"v":1,"id":']] }])
    const entries = await read()
    expect(entries.map(({ envelope }) => envelope.outcome)).to.deep.equal(['refused', 'exhausted'])
    expect(entries[0]!.envelope.records).to.deep.equal(['{"v":1,"id":', '["x"]'])
  })
})
