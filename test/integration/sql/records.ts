import { expect } from 'chai'
import { recordsOf } from '../../../lib/storage/envelope.ts'
import { entriesIn, failedDelivery, idsOf } from '../../support/deliveries.ts'
import { failureOf } from './tables.ts'
import type { Workshop } from './workshop.ts'

/** Records and ids of every kind. */
export function recordSuite(shop: Workshop): void {
  const { kind } = shop

  it('gives back NUL, quotes, backslashes, 4-byte characters, lone surrogates and bytes that are no text', async () => {
    const storage = shop.storage({ table: shop.newTable() })
    const records = ['\0', `'"\\`, "\\'; drop table x; --", '😀𐍈', '\ud800', '\u001a%_', Buffer.from([0, 255, 128])]
    await storage.append(records.map(record => failedDelivery([record])))
    expect((await entriesIn(storage)).map(({ envelope }) => recordsOf(envelope)[0])).to.deep.equal(records)
  })

  it('takes ids that differ in case or accents for what they are', async () => {
    const storage = shop.storage({ table: shop.newTable() })
    const deliveries = ['a', 'A', 'á', 'ａ', "'", '\\', '%'].map(id => failedDelivery(['x'], { id }))
    await storage.append(deliveries)
    expect(idsOf(await entriesIn(storage))).to.deep.equal(idsOf(deliveries))
    await storage.remove((await entriesIn(storage)).slice(1))
    expect(idsOf(await entriesIn(storage))).to.deep.equal(['a'])
  })

  for (const id of ['a\0', 'a ', '\ud800', 'x'.repeat(256)]) {
    it(`refuses an id that would not come back as it is: ${JSON.stringify(id.slice(0, 8))}`, async () => {
      const storage = shop.storage({ table: shop.newTable() })
      const error = await failureOf(storage.append([failedDelivery(['x'], { id }), failedDelivery(['y'])]))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
      expect(await entriesIn(storage)).to.deep.equal([])
    })
  }

  it('stores a record of 16 MB, or refuses it with the reason', async () => {
    const storage = shop.storage({ table: shop.newTable(), timeout: 60_000 })
    const large = failedDelivery(['x'.repeat(16 * 1024 * 1024)])
    const failure = await storage.append([large]).then(
      () => undefined,
      (error: unknown) => error
    )
    if (failure === undefined)
      expect((await entriesIn(storage))[0]!.envelope.records[0]).to.have.length(16 * 1024 * 1024)
    else {
      expect(failure).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
      expect((failure as Error).message).to.match(/larger than the server takes, which is \d+/)
    }
    await storage.append([failedDelivery(['y'.repeat(8 * 1024 * 1024)]), failedDelivery(['z'.repeat(8 * 1024 * 1024)])])
    expect(await entriesIn(storage)).to.have.length(failure === undefined ? 3 : 2)
  }).timeout(60_000)

  it('has one entry of what comes twice in one append, in its newest version', async () => {
    const storage = shop.storage({ table: shop.newTable() })
    const [old, other] = [failedDelivery(['old']), failedDelivery(['other'])]
    const newer = failedDelivery(['newer'], { id: old.id, version: 1 })
    await Promise.all([storage.append([newer, other]), storage.append([old, other, old])])
    await storage.append([old])
    expect((await entriesIn(storage)).map(({ envelope }) => envelope.records[0]).sort()).to.deep.equal([
      'newer',
      'other'
    ])
  })

  if (kind.name !== 'mysql') return

  it('T48 widens the text column of StreamPark, or refuses what does not fit it', async () => {
    const table = shop.newTable()
    await shop.run(`create table \`${table}\` (\`values\` text character set utf8mb3, \`timestamp\` bigint)`)
    const storage = shop.storage({ table })
    await storage.append([failedDelivery(['😀'.repeat(40_000)])])
    expect((await entriesIn(storage))[0]!.envelope.records[0]).to.have.length(80_000)
    await storage.close()
    await shop.run(`alter table \`${table}\` modify \`values\` text character set utf8mb3`).catch(() => undefined)
    await shop.run(`delete from \`${table}\``)
    await shop.run(`alter table \`${table}\` modify \`values\` text character set utf8mb3`)
    const poor = shop.storage({ table, ...(await shop.user('select, insert, update, delete')) })
    for (const record of ['😀', 'x'.repeat(70_000)]) {
      expect(await failureOf(poor.append([failedDelivery([record])]))).to.include({
        code: 'SPW_ERR_STORAGE_REFUSED',
        retryable: false
      })
    }
    await poor.append([failedDelivery(['ä'])])
    expect(await entriesIn(poor)).to.have.length(1)
  })
}
