import { randomBytes } from 'node:crypto'
import { setImmediate as turned } from 'node:timers/promises'
import { expect } from 'chai'
import { recordsOf } from '../../lib/storage/envelope.ts'
import { HdfsStorage, type HdfsStorageOptions } from '../../lib/storage/hdfs-storage.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf } from '../support/deliveries.ts'
import { httpFs, ownHttpFs } from '../support/servers/httpfs-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { failure } from '../support/storage-failure.ts'
import { paused } from '../support/waiting.ts'

onServer(httpFs, addressOf, address => {
  const root = `/spillway-${randomBytes(6).toString('hex')}`
  const opened: HdfsStorage[] = []
  const paths = new WeakMap<Storage, string>()
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

  /** Calls HttpFS without the storage. */
  async function rest(method: string, path: string, query: string, body: string | null = null): Promise<Response> {
    const url = `http://${address()}/webhdfs/v1${path}?user.name=hdfs&${query}`
    return fetch(url, { method, body, headers: { 'content-type': 'application/octet-stream' } })
  }

  /** Files of StreamPark, one line in each. */
  async function put(folder: string, count: number, from: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const name = `${1_704_067_200_000 + from + i}_${randomBytes(16).toString('hex')}`
      const { status } = await rest(
        'PUT',
        `${path}/record/${folder}/${name}`,
        'op=CREATE&data=true',
        'POST///http://h\n'
      )
      expect(status).to.equal(201)
    }
  }

  storageContract('HdfsStorage by HttpFS', () => storageAt(freshPath()), {
    reopen: storage => storageAt(paths.get(storage)!)
  })

  it('keeps records of any bytes and of 16 MB', async () => {
    const storage = storageThere()
    const records = ['\0', '\ud800 alone', '𐍈', Buffer.from([0, 255, 13, 10]), 'x'.repeat(16 * 1024 * 1024)]
    await storage.append(records.map(record => failedDelivery([record])))
    const given = (await entriesIn(storage)).flatMap(({ envelope }) => recordsOf(envelope))
    expect(given.length).to.equal(records.length)
    for (const [i, record] of records.entries())
      expect(Buffer.from(given[i]!).equals(Buffer.from(record))).to.equal(true)
  }).timeout(30_000)

  it('keeps what is in folders whose names have all that names may have', async () => {
    path = `${path}/a=b+c@d`
    const storage = storageThere({ table: 't@1+2=3', format: "yyyy'+='MM" })
    await storage.append(failedDeliveries(3))
    await storage.remove((await entriesIn(storage, { claim: true })).slice(0, 1))
    expect(await entriesIn(storageThere({ table: 't@1+2=3' }))).to.have.length(2)
  })

  it('gives each file once, of folders with more names than are kept in memory', async () => {
    // As many names as fit are shared out among the folders: some 90 for each of 90.
    const folders = Array.from({ length: 90 }, (_, i) => `small/${i}`)
    for (let i = 0; i < folders.length; i += 8)
      await Promise.all(folders.slice(i, i + 8).map(folder => put(folder, 1, 0)))
    await Promise.all([0, 1, 2, 3].map(part => put('large', 50, 1 + part * 50)))
    const entries = await entriesIn(storageThere())
    expect(new Set(idsOf(entries)).size).to.equal(290)
    expect(entries).to.have.length(290)
    const times = entries.map(({ envelope }) => envelope.acceptedAt)
    expect(times).to.deep.equal([...times].sort((one, other) => one - other))
  }).timeout(40_000)

  it('shares its files between two that replay, each entry once', async () => {
    const deliveries = failedDeliveries(120)
    const writer = storageThere()
    for (let i = 0; i < deliveries.length; i += 5) await writer.append(deliveries.slice(i, i + 5))
    const both = await Promise.all([replayed(storageThere()), replayed(storageThere())])
    expect(idsOf(both.flat()).sort()).to.deep.equal(idsOf(deliveries).sort())
    for (const given of both) expect(given.length).to.be.above(0)
    expect(await entriesIn(writer)).to.have.length(0)
    const answer = await rest('GET', `${path}/record/_spillway/removed`, 'op=LISTSTATUS')
    const { FileStatuses } = (await answer.json()) as { FileStatuses: { FileStatus: unknown[] } }
    expect(FileStatuses.FileStatus.length).to.be.below(5)
  }).timeout(40_000)

  it('makes a folder anew that somebody has taken away', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(1))
    await rest('DELETE', `${path}/record`, 'op=DELETE&recursive=true')
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('says whom HttpFS wants to know, and what is missing to whom', async () => {
    const nobody = new HdfsStorage({ namenode: `http://${address()}`, path })
    opened.push(nobody)
    const error = await failure(nobody.open())
    expect(error.message).to.include('it answered 401 and asks for PseudoAuth: give a name as user')
    await storageThere().append(failedDeliveries(1))
    const denied = await failure(storageThere({ user: 'mallory' }).append(failedDeliveries(1)))
    expect(denied.message).to.match(/AccessControlException: Permission denied: user=mallory, access=WRITE/)
    for (const { retryable } of [error, denied]) expect(retryable).to.equal(false)
  })
})

onServer(httpFs, ownHttpFs, server => {
  for (const [who, killed] of [
    ['HttpFS', () => server()],
    ['the NameNode behind it', () => server().behind.nameNode]
  ] as const) {
    it(`T33 T36 takes nothing while ${who} is dead, says so in time, and goes on when it is back`, async () => {
      const path = `/spillway-${randomBytes(6).toString('hex')}`
      const namenode = `http://${server().address}`
      const storage = new HdfsStorage({ namenode, user: 'hdfs', path, timeout: 3_000 })
      const deliveries = failedDeliveries(4)
      await storage.append(deliveries.slice(0, 2))
      await killed().kill()
      const error = await failure(storage.append(deliveries.slice(2)))
      expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE', true])
      await killed().start()
      await persist(storage, deliveries.slice(2))
      expect(idsOf(await entriesIn(storage))).to.deep.equal(idsOf(deliveries))
      await storage.close()
    }).timeout(60_000)
  }
})

async function persist(storage: Storage, deliveries: Parameters<Storage['append']>[0]): Promise<void> {
  for (;;) {
    const error = await storage.append(deliveries).then(
      () => undefined,
      (cause: unknown) => cause as Error & { retryable: boolean }
    )
    if (error === undefined) return
    if (!error.retryable) throw error
    await paused(200)
  }
}

async function replayed(storage: Storage): Promise<Entry[]> {
  const given: Entry[] = []
  for await (const entry of storage.read({ claim: true })) {
    given.push(entry)
    await turned()
    await storage.remove([entry])
  }
  return given
}
