import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { put as writeTo } from '../../lib/storage/hdfs/exchange.ts'
import { entriesIn, failedDeliveries, idsOf, textsIn } from '../support/deliveries.ts'
import { children } from '../support/run-in-child.ts'
import { hdfs } from '../support/servers/hdfs-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { within } from '../support/waiting.ts'
import { HdfsWorkshop } from './hdfs-workshop.ts'

const child = new URL('../storage/hdfs/storage-child.ts', import.meta.url)

onServer(hdfs, addressOf, address => {
  const shop = new HdfsWorkshop(address)
  const run = children()

  /** Puts a file there that no storage of ours wrote. */
  async function put(path: string, body: string): Promise<void> {
    const answer = await shop.call('PUT', path, 'op=CREATE&noredirect=true')
    // Hadoop 2 redirects all the same.
    const location = answer.headers.get('location') ?? ((await answer.json()) as { Location: string }).Location
    // fetch cannot write to a DataNode, which says "continue" unasked.
    await writeTo(new URL(location), Buffer.from(body), AbortSignal.timeout(10_000))
  }

  shop.keepsPromises('HdfsStorage')

  it('reads what StreamPark wrote, with what was appended since, and leaves nothing when all is settled', async () => {
    const name = `1704067200000_${randomBytes(16).toString('hex')}`
    await put(`${shop.path}/record/2024-01-01/${name}`, 'POST///http://h/p?a=1\nPUT///http://h/q?b=2\n')
    const storage = shop.storage()
    await storage.append(failedDeliveries(1))
    const entries = await entriesIn(storage, { claim: true })
    expect(entries.map(({ envelope: { method, url } }) => `${method} ${url}`).slice(0, 2)).to.deep.equal([
      'POST http://h/p',
      'PUT http://h/q'
    ])
    await storage.remove(entries)
    expect(await shop.namesIn(`${shop.path}/record/2024-01-01`)).to.deep.equal([])
    await entriesIn(storage, { claim: true })
    expect(await shop.namesIn(`${shop.path}/record`)).to.not.include('2024-01-01')
  })

  it('takes over what a reader had claimed that was killed, once its lease is over', async () => {
    const deliveries = failedDeliveries(6)
    for (const delivery of deliveries) await shop.storage().append([delivery])
    const reader = run(child, ['hold', shop.origin, shop.path])
    await reader.line('holding')
    expect(await entriesIn(shop.storage(), { claim: true })).to.have.length(0)
    await reader.kill()
    const others = [shop.storage(), shop.storage()]
    const given = new Set<string>()
    const end = performance.now() + 10_000
    while (given.size < deliveries.length && performance.now() < end) {
      const found = await Promise.all(others.map(storage => entriesIn(storage, { claim: true })))
      for (const { id } of found.flat()) {
        expect(given.has(id), `${id} was given twice`).to.equal(false)
        given.add(id)
      }
    }
    expect([...given].sort()).to.deep.equal(idsOf(deliveries).sort())
  }).timeout(30_000)

  it('lets its process end after close()', async () => {
    const { ended } = run(child, ['end', shop.origin, shop.path])
    expect(await within(ended, 'the end of the process', 15_000)).to.deep.include({ code: 0 })
    expect(await textsIn(shop.storage())).to.have.length(2)
    expect(await shop.namesIn(`${shop.path}/record/_spillway/owners`)).to.deep.equal([])
  }).timeout(20_000)

  it('turns pages, however many files and removals there are', async () => {
    const storage = shop.storage({ format: 'ss' })
    const deliveries: Delivery[] = failedDeliveries(25)
    for (const delivery of deliveries) await storage.append([delivery])
    const entries = await entriesIn(storage)
    expect(idsOf(entries)).to.deep.equal(idsOf(deliveries))
    for (const entry of entries.slice(0, 12)) await storage.remove([entry])
    expect(idsOf(await entriesIn(shop.storage()))).to.deep.equal(idsOf(deliveries.slice(12)))
  }).timeout(20_000)
})
