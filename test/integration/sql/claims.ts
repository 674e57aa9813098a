import { expect } from 'chai'
import type { SqlStorage } from '../../../lib/storage/sql/sql-storage.ts'
import type { Entry } from '../../../lib/storage/storage.ts'
import { insist } from '../../support/insist.ts'
import { paused } from '../../support/waiting.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf } from '../../support/deliveries.ts'
import type { Workshop } from './workshop.ts'

/** How readers share the entries, and what filters leave. */
export function claimSuite(shop: Workshop): void {
  const { kind } = shop

  const claimedIn = async (table: string): Promise<number> =>
    (await shop.run(`select 1 from ${kind.quoted(table)} where claimed_by is not null`)).length

  it('gives several replays each entry once, and leaves none', async () => {
    const table = shop.newTable()
    const deliveries = failedDeliveries(3_000)
    await shop.storage({ table }).append(deliveries)
    const readers = [1, 2, 3, 4].map(() => shop.storage({ table }))
    const given = await Promise.all(
      readers.map(async storage => {
        const ids: string[] = []
        for await (const entry of storage.read({ claim: true })) {
          ids.push(entry.id)
          if (ids.length % 100 === 0) await storage.remove([entry])
        }
        return ids
      })
    )
    expect(given.flat().sort()).to.deep.equal(idsOf(deliveries).sort())
    expect(given.filter(ids => ids.length > 0)).to.have.length.above(1)
  })

  it('keeps a claim longer than its lease as long as it lives', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table, lease: 2_000 })
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage, { claim: true })).to.have.length(2)
    // One renewal alone, after a third of the lease, would not last so long.
    await paused(2_800)
    expect(await entriesIn(shop.storage({ table }), { claim: true })).to.deep.equal([])
  }).timeout(30_000)

  it('lets a claim lapse when its reader is not heard of any more', async () => {
    const table = shop.newTable()
    const proxy = await shop.proxy()
    const dead = shop.storage({ table, lease: 2_000, timeout: 1_500, jdbcUrl: kind.url(`127.0.0.1:${proxy.port}`) })
    const other = shop.storage({ table })
    await other.append(failedDeliveries(2))
    await insist(() => dead.open())
    expect(await entriesIn(dead, { claim: true })).to.have.length(2)
    proxy.toxics.blackhole = true
    expect(await entriesIn(other, { claim: true })).to.deep.equal([])
    await paused(2_200)
    expect(await entriesIn(other, { claim: true })).to.have.length(2)
    // Back again, it takes nothing away from the other one, and ends no claim of theirs.
    proxy.toxics.blackhole = false
    await paused(800)
    await dead.close()
    expect(await entriesIn(shop.storage({ table }), { claim: true })).to.deep.equal([])
  }).timeout(30_000)

  it('gives nothing whose claim has lapsed meanwhile: another has it', async () => {
    const table = shop.newTable()
    const proxy = await shop.proxy()
    const slow = shop.storage({ table, lease: 2_000, timeout: 1_700, jdbcUrl: kind.url(`127.0.0.1:${proxy.port}`) })
    const deliveries = failedDeliveries(5)
    await shop.storage({ table }).append(deliveries)
    await insist(() => slow.open())
    const reading = slow.read({ claim: true })
    const given = [(await reading.next()).value as Entry]
    proxy.toxics.blackhole = true
    await paused(2_200)
    const other = await entriesIn(shop.storage({ table }), { claim: true })
    expect(other).to.have.length(5)
    proxy.toxics.blackhole = false
    for await (const entry of reading) given.push(entry)
    expect(idsOf(given)).to.deep.equal(idsOf(deliveries.slice(0, 1)))
  }).timeout(30_000)

  it('keeps the claim of a newer version when the older one is removed, or released', async () => {
    const ends = [(old: Entry, storage: SqlStorage) => storage.remove([old]), async (old: Entry) => old.release!()]
    // Both at once, as each has to wait for longer than a lease.
    await Promise.all(
      ends.map(async end => {
        const table = shop.newTable()
        const storage = shop.storage({ table, lease: 2_000 })
        const [delivery] = failedDeliveries(1)
        await storage.append([delivery!])
        const [old] = await entriesIn(storage, { claim: true })
        await storage.append([failedDelivery(delivery!.records, { id: delivery!.id, version: 1 })])
        const [newer] = await entriesIn(storage, { claim: true })
        await end(old!, storage)
        await paused(2_200)
        expect(await entriesIn(shop.storage({ table }), { claim: true })).to.deep.equal([])
        await storage.remove([newer!])
      })
    )
  }).timeout(30_000)

  for (const isSame of [true, false]) {
    it(`gives a large row that was stored anew to who has claimed it last, ${isSame ? 'here' : 'elsewhere'}`, async () => {
      const table = shop.newTable()
      const storage = shop.storage({ table })
      const large = failedDelivery(['x'.repeat(20_000)])
      await storage.append([failedDelivery(['a']), large])
      const reading = storage.read({ claim: true })
      await reading.next()
      await storage.append([failedDelivery(large.records, { id: large.id, version: 1 })])
      const last = await entriesIn(isSame ? storage : shop.storage({ table }), { claim: true })
      expect(last.map(({ id, version }) => [id, version])).to.deep.equal([[large.id, 2]])
      expect(await reading.next()).to.deep.equal({ done: true, value: undefined })
    })
  }

  it('has nothing claimed when it was closed in the middle of a reading', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    await storage.append(failedDeliveries(300))
    const reading = storage.read({ claim: true })
    await reading.next()
    await storage.close()
    expect(await claimedIn(table)).to.equal(0)
  })

  it('ends the claim of what is stored anew', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    const [delivery] = failedDeliveries(1)
    await storage.append([delivery!])
    await entriesIn(storage, { claim: true })
    await storage.append([failedDelivery(delivery!.records, { id: delivery!.id, version: 1 })])
    expect(idsOf(await entriesIn(shop.storage({ table }), { claim: true }))).to.deep.equal([delivery!.id])
  })

  it('has nothing claimed when all was released', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    await storage.append(failedDeliveries(300))
    for (const entry of await entriesIn(storage, { claim: true })) entry.release!()
    await entriesIn(storage)
    expect(await claimedIn(table)).to.equal(0)
  })

  it('claims nothing that a slow reader has not come to', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    await storage.append(failedDeliveries(1_000))
    const reading = storage.read({ claim: true })
    await reading.next()
    expect(await claimedIn(table)).to.be.within(1, 200)
    await reading.return?.(undefined)
    expect(await claimedIn(table)).to.equal(1)
  })

  it('finds by every filter what matching() finds, and claims nothing else', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    const deliveries = [
      failedDelivery(['a'], { acceptedAt: 1_000 }, { status: 500 }),
      failedDelivery(['b'], { acceptedAt: 2_000 }, { status: 404, retryable: false }),
      failedDelivery(['c'], { acceptedAt: 3_000 }, { retryable: true, outcome: 'ambiguous' })
    ]
    await storage.append(deliveries)
    const cases = [
      [{ since: 2_000 }, 'bc'],
      [{ until: new Date(2_000) }, 'a'],
      [{ status: 404 }, 'b'],
      [{ status: [500, 503] }, 'ac'],
      [{ code: 'SPW_ERR_STATUS' }, 'abc'],
      [{ code: ['SPW_ERR_TIMEOUT'] }, ''],
      [{ outcome: ['refused', 'ambiguous'] as const }, 'bc'],
      [{ since: 1_000, until: 3_000, status: 404, outcome: 'refused' as const }, 'b']
    ] as const
    for (const [filter, expected] of cases) {
      const entries = await entriesIn(storage, { claim: true, filter })
      expect(entries.map(({ envelope }) => envelope.records[0] as string).join('')).to.equal(expected)
      expect(await claimedIn(table)).to.equal(expected.length)
      for (const entry of entries) entry.release!()
      await storage.read({ claim: true, filter: { status: 999 } }).next()
    }
  })

  it('gives thousands over many pages in their order', async () => {
    const storage = shop.storage({ table: shop.newTable() })
    const deliveries = failedDeliveries(5_000)
    for (let from = 0; from < 5_000; from += 1_000) await storage.append(deliveries.slice(from, from + 1_000))
    expect(idsOf(await entriesIn(storage))).to.deep.equal(idsOf(deliveries))
    const claimed = await entriesIn(storage, { claim: true })
    expect(idsOf(claimed)).to.deep.equal(idsOf(deliveries))
    await storage.remove(claimed)
    expect(await entriesIn(storage)).to.deep.equal([])
  })
}
