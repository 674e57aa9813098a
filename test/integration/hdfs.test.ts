import { randomBytes } from 'node:crypto'
import { setImmediate as turned } from 'node:timers/promises'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { recordsOf } from '../../lib/storage/envelope.ts'
import { HdfsStorage, type HdfsStorageOptions } from '../../lib/storage/hdfs-storage.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf, textsIn } from '../support/deliveries.ts'
import { children } from '../support/run-in-child.ts'
import { hdfs } from '../support/servers/hdfs-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { within } from '../support/waiting.ts'

const child = new URL('../storage/hdfs/storage-child.ts', import.meta.url)

onServer(hdfs, addressOf, address => {
  const root = `/spillway-${randomBytes(6).toString('hex')}`
  const opened: HdfsStorage[] = []
  const paths = new WeakMap<Storage, string>()
  const run = children()
  let path: string

  beforeEach(() => {
    path = freshPath()
  })

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
  })

  after(() => rest('DELETE', root, 'op=DELETE&recursive=true'))

  const freshPath = (): string => `${root}/${randomBytes(4).toString('hex')}`

  function storageAt(path: string, options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    const storage = new HdfsStorage({ namenode: `http://${address()}`, user: 'hdfs', path, ...options })
    paths.set(storage, path)
    return storage
  }

  function storageThere(options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    const storage = storageAt(path, options)
    opened.push(storage)
    return storage
  }

  /** Calls WebHDFS without the storage. */
  async function rest(method: string, path: string, query: string, body?: string): Promise<Response> {
    const url = `http://${address()}/webhdfs/v1${path}?user.name=hdfs&${query}`
    const answer = await fetch(url, { method, redirect: 'manual' })
    if (body === undefined) return answer
    // Hadoop 2 redirects all the same.
    const location = answer.headers.get('location') ?? ((await answer.json()) as { Location: string }).Location
    // fetch cannot write to a DataNode, which says "continue" unasked.
    const { put } = await import('../../lib/storage/hdfs/exchange.ts')
    await put(new URL(location), Buffer.from(body), AbortSignal.timeout(10_000))
    return answer
  }

  async function namesIn(folder: string): Promise<string[]> {
    const answer = await rest('GET', folder, 'op=LISTSTATUS')
    if (answer.status === 404) return []
    const { FileStatuses } = (await answer.json()) as { FileStatuses: { FileStatus: Array<{ pathSuffix: string }> } }
    return FileStatuses.FileStatus.map(({ pathSuffix }) => pathSuffix)
  }

  storageContract('HdfsStorage', () => storageAt(freshPath()), { reopen: storage => storageAt(paths.get(storage)!) })

  it('keeps records of any bytes and of 16 MB', async () => {
    const storage = storageThere()
    const records = ['\0', '\ud800 alone', '𐍈', Buffer.from([0, 255, 13, 10]), 'x'.repeat(16 * 1024 * 1024)]
    await storage.append(records.map(record => failedDelivery([record])))
    const given = (await entriesIn(storage)).flatMap(({ envelope }) => recordsOf(envelope))
    expect(given.length).to.equal(records.length)
    for (const [i, record] of records.entries())
      expect(Buffer.from(given[i]!).equals(Buffer.from(record))).to.equal(true)
  }).timeout(30_000)

  it('reads what StreamPark wrote, with what was appended since, and leaves nothing when all is settled', async () => {
    const name = `1704067200000_${randomBytes(16).toString('hex')}`
    await rest(
      'PUT',
      `${path}/record/2024-01-01/${name}`,
      'op=CREATE&noredirect=true',
      'POST///http://h/p?a=1\nPUT///http://h/q?b=2\n'
    )
    const storage = storageThere()
    await storage.append(failedDeliveries(1))
    const entries = await entriesIn(storage, { claim: true })
    expect(entries.map(({ envelope: { method, url } }) => `${method} ${url}`).slice(0, 2)).to.deep.equal([
      'POST http://h/p',
      'PUT http://h/q'
    ])
    await storage.remove(entries)
    expect(await namesIn(`${path}/record/2024-01-01`)).to.deep.equal([])
    await entriesIn(storage, { claim: true })
    expect(await namesIn(`${path}/record`)).to.not.include('2024-01-01')
  })

  it('shares its files between two that replay, each entry once', async () => {
    const deliveries = failedDeliveries(120)
    const writer = storageThere()
    for (let i = 0; i < deliveries.length; i += 5) await writer.append(deliveries.slice(i, i + 5))
    const both = await Promise.all([replayed(storageThere()), replayed(storageThere())])
    expect(idsOf(both.flat()).sort()).to.deep.equal(idsOf(deliveries).sort())
    for (const given of both) expect(given.length).to.be.above(0)
    expect(await entriesIn(writer)).to.have.length(0)
    const files = await namesIn(`${path}/record/_spillway/removed`)
    expect(files.length).to.be.below(5)
  }).timeout(30_000)

  it('takes over what a reader had claimed that was killed, once its lease is over', async () => {
    const deliveries = failedDeliveries(6)
    for (const delivery of deliveries) await storageThere().append([delivery])
    const reader = run(child, ['hold', `http://${address()}`, path])
    await reader.line('holding')
    expect(await entriesIn(storageThere(), { claim: true })).to.have.length(0)
    await reader.kill()
    const others = [storageThere(), storageThere()]
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
    const { ended } = run(child, ['end', `http://${address()}`, path])
    expect(await within(ended, 'the end of the process', 15_000)).to.deep.include({ code: 0 })
    expect(await textsIn(storageThere())).to.have.length(2)
    expect(await namesIn(`${path}/record/_spillway/owners`)).to.deep.equal([])
  }).timeout(20_000)

  it('turns pages, however many files and removals there are', async () => {
    const storage = storageThere({ format: 'ss' })
    const deliveries: Delivery[] = failedDeliveries(25)
    for (const delivery of deliveries) await storage.append([delivery])
    const entries = await entriesIn(storage)
    expect(idsOf(entries)).to.deep.equal(idsOf(deliveries))
    for (const entry of entries.slice(0, 12)) await storage.remove([entry])
    expect(idsOf(await entriesIn(storageThere()))).to.deep.equal(idsOf(deliveries.slice(12)))
  }).timeout(20_000)
})

async function replayed(storage: Storage): Promise<Entry[]> {
  const given: Entry[] = []
  for await (const entry of storage.read({ claim: true })) {
    given.push(entry)
    await turned()
    await storage.remove([entry])
  }
  return given
}
