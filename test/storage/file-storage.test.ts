import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { OptionsError, StorageError } from '../../lib/errors.ts'
import { FileStorage } from '../../lib/storage/file-storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { entriesIn, failedDeliveries, failedDelivery, textsIn } from '../support/deliveries.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { FaultyDisk } from './file/faulty-disk.ts'

describe('FileStorage', () => {
  const folder = temporaryFolder()
  const paths = new WeakMap<object, string>()
  const opened: FileStorage[] = []
  let path: string

  beforeEach(() => {
    path = folder()
  })

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
  })

  function storageAt(path: string): FileStorage {
    const storage = new FileStorage({ path })
    paths.set(storage, path)
    return storage
  }

  function storageThere(options: object = {}): FileStorage {
    const storage = new FileStorage({ path, ...options })
    opened.push(storage)
    return storage
  }

  async function failure(promise: Promise<unknown>): Promise<StorageError> {
    const error: unknown = await promise.then(
      () => undefined,
      (cause: unknown) => cause
    )
    expect(error).to.be.an.instanceOf(StorageError)
    return error as StorageError
  }

  storageContract('FileStorage', () => storageAt(folder()), { reopen: storage => storageAt(paths.get(storage)!) })

  it('needs a path', () => {
    expect(() => new FileStorage({} as never)).to.throw(OptionsError, 'failover/path is missing')
    expect(() => new FileStorage({ path: '' })).to.throw(OptionsError, 'failover/path')
  })

  it('keeps what belongs to a table in a folder of its own', async () => {
    await storageThere({ table: 'orders' }).append(failedDeliveries(1, 'order'))
    await storageThere({ table: 'bills' }).append(failedDeliveries(1, 'bill'))
    await storageThere().append(failedDeliveries(1, 'other'))
    expect(await readdir(join(path, 'orders'))).to.not.be.empty
    expect(await textsIn(storageThere({ table: 'orders' }))).to.deep.equal(['order 0'])
    expect(await textsIn(storageThere())).to.deep.equal(['other 0'])
  })

  for (const table of ['', '..', '.hidden', 'a/b', '../a', 'a b', 'a\0', '-a', 'ä', 'x'.repeat(129), 'a;drop']) {
    it(`takes no table called ${JSON.stringify(table)}`, () => {
      expect(() => new FileStorage({ path, table })).to.throw(OptionsError, 'failover/table')
    })
  }

  it('takes no segmentBytes that a segment could not have', () => {
    for (const segmentBytes of [0, 4095, 2 ** 31, 1.5]) {
      expect(() => new FileStorage({ path, segmentBytes }), String(segmentBytes)).to.throw(OptionsError, 'segmentBytes')
    }
  })

  it('makes the folders durable that it makes, from the one that was there on', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path, table: 'a' })
    opened.push(storage)
    await storage.open()
    const synced = disk.calls.filter(({ call }) => call === 'syncFolder').map(made => made.path)
    expect(synced.slice(0, 2)).to.deep.equal([path, join(path, '..')])
  })

  it('touches nothing before it is used', async () => {
    new FileStorage({ path })
    await new Promise(resolve => setImmediate(resolve))
    expect(await readdir(join(path, '..'))).to.not.include(path.split('/').at(-1))
  })

  it('syncs what it wrote before it says that it is stored', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path })
    opened.push(storage)
    let hasEnded = false
    disk.fault = async call => {
      if (call !== 'sync' && call !== 'syncFolder') return
      await new Promise(resolve => setTimeout(resolve, 20))
      expect(hasEnded, call).to.equal(false)
    }
    await storage.append(failedDeliveries(1))
    hasEnded = true
    const calls = disk.calls.map(({ call }) => call)
    expect(calls.slice(calls.indexOf('create'))).to.deep.equal(['create', 'write', 'write', 'sync', 'syncFolder'])
  })

  it('writes all appends of one turn together, and those that come meanwhile after them', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path })
    opened.push(storage)
    await storage.append(failedDeliveries(1, 'first'))
    disk.calls.length = 0
    const appends = failedDeliveries(100, 'a').map(delivery => storage.append([delivery]))
    await new Promise(resolve => process.nextTick(resolve))
    appends.push(...failedDeliveries(100, 'b').map(delivery => storage.append([delivery])))
    await Promise.all(appends)
    const group = ['write', 'sync', 'realPath']
    expect(disk.calls.map(({ call }) => call)).to.deep.equal([...group, ...group])
    expect(await textsIn(storage)).to.have.length(201)
  })

  it('starts to write what is much already, while the rest is being made', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path })
    opened.push(storage)
    await storage.append(failedDeliveries(1, 'first'))
    disk.calls.length = 0
    await Promise.all(failedDeliveries(100, 'a', 10_000).map(delivery => storage.append([delivery])))
    expect(disk.count('write')).to.equal(2)
    expect(await textsIn(storage)).to.have.length(101)
  })

  it('takes records that are larger than its blocks, and its segments', async () => {
    const storage = storageThere({ segmentBytes: 4096 })
    const records = [Buffer.alloc(17_000_000, 0xff), 'ä'.repeat(9_000_000)]
    for (const record of records) await storage.append([failedDelivery([record]), failedDelivery(['small'])])
    const texts = await textsIn(new FileStorage({ path }))
    expect(texts.map(text => text.length)).to.deep.equal([17_000_000, 5, 9_000_000, 5])
  }).timeout(20_000)

  it('refuses a delivery that is too long to be read back, and stores no part of the append', async () => {
    const storage = storageThere()
    const tooLong = failedDelivery(['x'.repeat(2 ** 28)])
    const error = await failure(storage.append([failedDelivery(['small']), tooLong]))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
    expect(error.message).to.include(tooLong.id)
    expect(await textsIn(storage)).to.deep.equal([])
  }).timeout(20_000)

  it('refuses a delivery that no string can hold', async () => {
    const half = 'x'.repeat(2 ** 28)
    const error = await failure(storageThere().append([failedDelivery([half, half, half])]))
    expect(error.code).to.equal('SPW_ERR_STORAGE_REFUSED')
  }).timeout(20_000)

  it('refuses a delivery whose time is none, which it could not read back', async () => {
    const error = await failure(storageThere().append([failedDelivery(['a'], { acceptedAt: NaN })]))
    expect(error.code).to.equal('SPW_ERR_STORAGE_REFUSED')
  })

  it('keeps ids of any text', async () => {
    const ids = ['"', '\\', 'a","version":7,"b":"', '\n', 'ä€𐍈', '', '\ud800', 'x'.repeat(5_000)]
    const storage = storageThere()
    await storage.append(ids.map(id => new Delivery(['a'], { id, version: 1 })))
    await storage.append(ids.map(id => new Delivery(['a'], { id, version: 2 })))
    await storage.close()
    const entries = await entriesIn(new FileStorage({ path }))
    expect(entries.map(({ id, version }) => `${version} ${id}`)).to.deep.equal(ids.map(id => `3 ${id}`))
  })

  it('says how it is', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(5))
    await storage.remove((await entriesIn(storage)).slice(0, 2))
    const report = { path, entries: 3, removed: 2, segments: 1, damaged: 0, quarantined: 0, missing: [], foreign: [] }
    for (const each of [storage, new FileStorage({ path })]) {
      const { bytes, ...found } = await each.report()
      expect(found).to.deep.equal(report)
      expect(bytes).to.be.above(1_000)
    }
  })

  it('counts an entry that is there in two versions once', async () => {
    const storage = storageThere()
    await storage.append([new Delivery(['a'], { id: 'x' })])
    await storage.append([new Delivery(['a'], { id: 'x', version: 1 })])
    expect((await storage.report()).entries).to.equal(1)
  })

  it('cannot be used after it was closed', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(1))
    await storage.close()
    for (const use of [
      () => storage.open(),
      () => storage.append(failedDeliveries(1)),
      () => storage.remove([]),
      () => entriesIn(storage),
      () => entriesIn(storage, { claim: true }),
      () => storage.report()
    ]) {
      expect(await failure(use())).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    }
  })

  it('does not let a claim end by the entry of somebody who had it before', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(1))
    const [before] = await entriesIn(storage, { claim: true })
    before!.release!()
    expect(await entriesIn(storage, { claim: true })).to.have.length(1)
    before!.release!()
    expect(await entriesIn(storage, { claim: true })).to.deep.equal([])
  })

  it('works in a folder that was there already, and leaves its mode', async () => {
    await mkdir(path, { mode: 0o750 })
    await storageThere().append(failedDeliveries(1))
    expect(await textsIn(storageThere())).to.deep.equal(['record 0'])
    expect((await stat(path)).mode & 0o777).to.equal(0o750)
  })
})
