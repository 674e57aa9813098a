import { randomBytes } from 'node:crypto'
import { setImmediate as turned } from 'node:timers/promises'
import { expect } from 'chai'
import { recordsOf } from '../../lib/storage/envelope.ts'
import { HdfsStorage, type HdfsStorageOptions } from '../../lib/storage/hdfs-storage.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf } from '../support/deliveries.ts'

/** Makes the storages of a suite, on one server. Those of a test are in a folder of its own, and closed behind it. */
export class HdfsWorkshop {
  /** Where the storages of this test are. */
  path = ''
  readonly #address: () => string
  readonly #root = `/spillway-${randomBytes(6).toString('hex')}`
  readonly #opened: HdfsStorage[] = []

  constructor(address: () => string) {
    this.#address = address
    beforeEach(() => {
      this.path = this.#freshPath()
    })
    afterEach(async () => {
      for (const storage of this.#opened.splice(0)) await storage.close()
    })
    after(() => this.call('DELETE', this.#root, 'op=DELETE&recursive=true'))
  }

  get origin(): string {
    return `http://${this.#address()}`
  }

  storage(options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    const storage = this.#storageAt(this.path, options)
    this.#opened.push(storage)
    return storage
  }

  /** Calls the server without a storage. */
  call(method: string, path: string, query: string, body: string | null = null): Promise<Response> {
    const url = `${this.origin}/webhdfs/v1${path}?user.name=hdfs&${query}`
    return fetch(url, { method, body, redirect: 'manual', headers: { 'content-type': 'application/octet-stream' } })
  }

  async namesIn(folder: string): Promise<string[]> {
    const answer = await this.call('GET', folder, 'op=LISTSTATUS')
    if (answer.status === 404) return []
    const { FileStatuses } = (await answer.json()) as { FileStatuses: { FileStatus: Array<{ pathSuffix: string }> } }
    return FileStatuses.FileStatus.map(({ pathSuffix }) => pathSuffix)
  }

  /** What holds on every server that speaks WebHDFS. */
  keepsPromises(name: string): void {
    const paths = new WeakMap<Storage, string>()
    const made = (path: string): HdfsStorage => {
      const storage = this.#storageAt(path)
      paths.set(storage, path)
      return storage
    }
    storageContract(name, () => made(this.#freshPath()), { reopen: storage => made(paths.get(storage)!) })

    it('keeps records of any bytes and of 16 MB', async () => {
      const storage = this.storage()
      const records = ['\0', '\ud800 alone', '𐍈', Buffer.from([0, 255, 13, 10]), 'x'.repeat(16 * 1024 * 1024)]
      await storage.append(records.map(record => failedDelivery([record])))
      const given = (await entriesIn(storage)).flatMap(({ envelope }) => recordsOf(envelope))
      expect(given.length).to.equal(records.length)
      for (const [i, record] of records.entries())
        expect(Buffer.from(given[i]!).equals(Buffer.from(record))).to.equal(true)
    }).timeout(30_000)

    it('shares its files between two that replay, each entry once', async () => {
      const deliveries = failedDeliveries(120)
      const writer = this.storage()
      for (let i = 0; i < deliveries.length; i += 5) await writer.append(deliveries.slice(i, i + 5))
      const both = await Promise.all([replayed(this.storage()), replayed(this.storage())])
      expect(idsOf(both.flat()).sort()).to.deep.equal(idsOf(deliveries).sort())
      for (const given of both) expect(given.length).to.be.above(0)
      expect(await entriesIn(writer)).to.have.length(0)
      expect((await this.namesIn(`${this.path}/record/_spillway/removed`)).length).to.be.below(5)
    }).timeout(40_000)
  }

  #freshPath(): string {
    return `${this.#root}/${randomBytes(4).toString('hex')}`
  }

  #storageAt(path: string, options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    return new HdfsStorage({ namenode: this.origin, user: 'hdfs', path, ...options })
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
