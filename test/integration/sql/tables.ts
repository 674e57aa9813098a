import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf, textsIn } from '../../support/deliveries.ts'
import type { Workshop } from './workshop.ts'

/** What becomes of tables that are there already, and of rows that others write. */
export function tableSuite(shop: Workshop): void {
  const { kind } = shop
  const [values, timestamp] = [kind.quoted('values'), kind.quoted('timestamp')]

  async function streamPark(...texts: string[]): Promise<string> {
    const table = shop.newTable()
    await shop.run(`create table ${kind.quoted(table)} (${kind.streamParkColumns})`)
    await insert(table, ...texts)
    return table
  }

  async function insert(table: string, ...texts: string[]): Promise<void> {
    for (const [i, text] of texts.entries()) {
      await shop.run(
        `insert into ${kind.quoted(table)} (${values}, ${timestamp}) values (?, ?)`,
        text,
        1_700_000_000_000 + i
      )
    }
  }

  it('keeps values and timestamp as StreamPark has them, and the rest beside them', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).append([failedDelivery(['{"a":"ä"}'], { acceptedAt: 1_750_000_000_000, version: 1 })])
    const [row] = await shop.run(`select * from ${kind.quoted(table)}`)
    expect(row).to.include({ values: JSON.stringify(['{"a":"ä"}']), outcome: 'exhausted', code: 'SPW_ERR_STATUS' })
    expect([row!.timestamp, row!.version, row!.attempts, row!.status].map(Number)).to.deep.equal([
      1_750_000_000_000, 2, 1, 503
    ])
  })

  it('takes over a table of StreamPark, whose rows are given first and can be removed', async () => {
    const table = await streamPark('POST///http://a.example/x?k=v&k=w', 'GET///http://a.example/y?q=1', 'no URL')
    const storage = shop.storage({ table })
    const fresh = failedDeliveries(1)
    await storage.append(fresh)
    const entries = await entriesIn(storage)
    expect(
      entries.map(({ envelope: { method, url, records, outcome } }) => ({ method, url, records, outcome }))
    ).to.deep.equal([
      { method: 'POST', url: 'http://a.example/x', records: ['{"k":["v","w"]}'], outcome: 'exhausted' },
      { method: 'GET', url: 'http://a.example/y?q=1', records: [''], outcome: 'exhausted' },
      { method: 'POST', url: '', records: ['no URL'], outcome: 'refused' },
      { method: 'POST', url: '', records: ['record 0'], outcome: 'exhausted' }
    ])
    expect(entries[0]!.envelope.acceptedAt).to.equal(1_700_000_000_000)
    expect(idsOf(await entriesIn(shop.storage({ table })))).to.deep.equal(idsOf(entries))
    await storage.remove(entries.slice(0, 2))
    expect(await textsIn(storage)).to.deep.equal(['no URL', 'record 0'])
  })

  it('lets StreamPark go on writing into a table that was made here', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    await storage.append(failedDeliveries(1))
    await insert(table, 'PUT///http://a.example/z?a=1')
    expect((await entriesIn(storage)).map(({ envelope }) => envelope.method)).to.deep.equal(['POST', 'PUT'])
  })

  it('gives a row of StreamPark that was stored anew once, in its new version', async () => {
    const storage = shop.storage({
      table: await streamPark('POST///http://a.example/x?k=v', 'POST///http://a.example/y?k=v')
    })
    const [old] = await entriesIn(storage, { claim: true })
    await storage.append([failedDelivery(['{}'], { id: old!.id, version: 1 })])
    const now = await entriesIn(storage)
    expect(now.map(({ version }) => version)).to.deep.equal([1, 2])
    await storage.remove([now[1]!])
    expect(idsOf(await entriesIn(storage))).to.deep.equal([now[0]!.id])
  })

  it('does not take the id of a row of another table for one of its own', async () => {
    const storage = shop.storage({ table: await streamPark('POST///http://a.example/x?k=v') })
    await storage.append([failedDelivery(['a'], { id: 'streampark.other.1700000000000.1' })])
    const entries = await entriesIn(storage)
    await storage.remove([entries[1]!])
    expect(idsOf(await entriesIn(storage))).to.deep.equal([entries[0]!.id])
  })

  it('gives a row that somebody has altered as refused, for a replay to leave alone', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    const [delivery] = failedDeliveries(1)
    await storage.append([delivery!])
    await shop.run(`update ${kind.quoted(table)} set ${values} = 'not JSON'`)
    const [entry] = await entriesIn(storage)
    expect(entry).to.include({ id: delivery!.id, version: 1 })
    expect(entry!.envelope).to.deep.include({ outcome: 'refused', records: ['not JSON'] })
    await storage.remove([entry!])
    expect(await entriesIn(storage)).to.deep.equal([])
  })

  it('gives large rows in their turn', async () => {
    const storage = shop.storage({ table: await streamPark(`POST///http://a.example/x?k=${'v'.repeat(20_000)}`) })
    await storage.append([failedDelivery(['a']), failedDelivery(['b'.repeat(50_000)]), failedDelivery(['c'])])
    expect((await textsIn(storage, { claim: true })).map(text => text.length)).to.deep.equal([20_008, 1, 50_000, 1])
  })

  it('T38 makes the table that is missing, also for several at once', async () => {
    const table = shop.newTable()
    await Promise.all([1, 2, 3, 4].map(() => shop.storage({ table }).append(failedDeliveries(1))))
    expect(await entriesIn(shop.storage({ table }))).to.have.length(4)
  })

  it('T38 makes the table again that was dropped in between', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table })
    await storage.append(failedDeliveries(1))
    await shop.run(`drop table ${kind.quoted(table)}`)
    expect(await failureOf(storage.append(failedDeliveries(1)))).to.include({ retryable: true })
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('T38 names the table that it has not the right to make', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table, ...(await shop.user('select')) })
    const error = await failureOf(storage.append(failedDeliveries(1)))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include(table).and.include('right')
  })

  it('needs no right to make tables where the table is there', async () => {
    const table = shop.newTable()
    const deliveries = failedDeliveries(2)
    await shop.storage({ table }).append(deliveries)
    const storage = shop.storage({ table, ...(await shop.user('select, insert, update, delete')) })
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage, { claim: true })).to.have.length(3)
  })

  it('T37 reads with the right to read only, and says that it may not write', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).append(failedDeliveries(2))
    const storage = shop.storage({ table, ...(await shop.user('select')) })
    expect(await entriesIn(storage)).to.have.length(2)
    for (const attempt of [() => storage.append(failedDeliveries(1)), () => entriesIn(storage, { claim: true })]) {
      const error = await failureOf(attempt())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include('right')
    }
  })

  const unusable: Array<[string, string, string]> = [
    [
      'a column of another type',
      `${kind.quoted('values')} text, id int`,
      'has the column "id", which must be a text, got int'
    ],
    [
      'a text where a number is needed',
      `${kind.quoted('values')} text, ${timestamp} varchar(9)`,
      'has the column "timestamp"'
    ]
  ]
  for (const [name, columns, message] of unusable) {
    it(`T39 refuses a table with ${name}`, async () => {
      const table = shop.newTable()
      await shop.run(`create table ${kind.quoted(table)} (${columns})`)
      const error = await failureOf(shop.storage({ table }).append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include(`The table ${table} ${message}`)
    })
  }

  it('T39 says once that a column it does not know wants a value', async () => {
    const table = shop.newTable()
    await shop.run(`create table ${kind.quoted(table)} (${kind.streamParkColumns}, tenant varchar(9) not null)`)
    const error = await failureOf(shop.storage({ table }).append(failedDeliveries(3)))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include('has no default')
  })

  it('T48 takes no row for another one by a unique key that is not its own', async () => {
    const table = shop.newTable()
    await shop.run(`create table ${kind.quoted(table)} (${kind.streamParkColumns}, unique (${timestamp}))`)
    const storage = shop.storage({ table })
    const twice = [failedDelivery(['a'], { acceptedAt: 1 }), failedDelivery(['b'], { acceptedAt: 1 })]
    const error = await failureOf(storage.append(twice))
    expect(error).to.include({ retryable: false })
    expect(error.message).to.match(/unique key over \(timestamp\)|constraint/)
  })

  it('takes ids that differ in case for what they are where the column was there before', async () => {
    const table = shop.newTable()
    const { caseless } = kind
    for (const statement of caseless.before) await shop.run(statement)
    await shop.run(`create table ${kind.quoted(table)} (${kind.streamParkColumns}, id ${caseless.type} primary key)`)
    const storage = shop.storage({ table })
    const deliveries = ['a', 'A', 'á', 'b'].map(id => failedDelivery(['x'], { id }))
    await storage.append(deliveries)
    expect(idsOf(await entriesIn(storage)).sort()).to.deep.equal(idsOf(deliveries).sort())
  })

  it('counts its entries in report()', async () => {
    const storage = shop.storage({ table: await streamPark('GET///http://a.example/') })
    await storage.append(failedDeliveries(2))
    expect(await storage.report()).to.deep.equal({ entries: 3 })
  })
}

/** The `StorageError` that it rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<StorageError> {
  const error = await promise.then(
    () => expect.fail('It did not reject.'),
    (reason: unknown) => reason
  )
  expect(error).to.be.instanceOf(StorageError)
  return error as StorageError
}
