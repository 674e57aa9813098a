import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { lineOf } from '../../../lib/storage/file/line.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Entry } from '../../../lib/storage/storage.ts'
import { entriesIn, failedAgain, failedDeliveries, idsOf, textsIn } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { failing, FaultyDisk } from './faulty-disk.ts'
import { damageNotices } from './notices.ts'

describe('file storage and what is removed', () => {
  const folder = temporaryFolder()
  const notices = damageNotices()
  const opened: FileStorage[] = []
  let path: string

  beforeEach(() => {
    path = folder()
  })

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
  })

  function storageThere(options: object = {}): FileStorage {
    const storage = new FileStorage({ path, ...options })
    opened.push(storage)
    return storage
  }

  async function closeAll(): Promise<void> {
    for (const storage of opened.splice(0)) await storage.close()
  }

  const segments = async (): Promise<string[]> => (await readdir(path)).filter(name => name.endsWith('.segment')).sort()
  const logBytes = async (): Promise<number> => (await stat(join(path, 'removals.log'))).size

  it('removes with a version the older ones, also those that somebody has claimed', async () => {
    const [delivery] = failedDeliveries(1)
    const [storage, other] = [storageThere(), storageThere()]
    await storage.append([delivery!])
    expect(await entriesIn(other, { claim: true })).to.have.length(1)
    await storage.append([failedAgain(delivery!)])
    const entries = await entriesIn(storage, { claim: true })
    expect(entries.map(({ version }) => version)).to.deep.equal([2])
    await storage.remove(entries)
    expect(await textsIn(storage)).to.deep.equal([])
    await closeAll()
    expect(await textsIn(storageThere())).to.deep.equal([])
  })

  it('starts a new segment from segmentBytes on', async () => {
    const storage = storageThere({ segmentBytes: 10_000 })
    for (const delivery of failedDeliveries(9, 'a', 3_000)) await storage.append([delivery])
    expect(await segments()).to.have.length(3)
    expect(await textsIn(storage)).to.have.length(9)
  })

  it('deletes a segment when all its entries are removed, whatever their order', async () => {
    const storage = storageThere({ segmentBytes: 4096 })
    for (const delivery of failedDeliveries(6, 'a', 3_000)) await storage.append([delivery])
    expect(await segments()).to.have.length(3)
    const entries = await entriesIn(storage)
    await storage.remove([entries[3]!, entries[1]!])
    expect(await segments()).to.have.length(3)
    await storage.remove([entries[2]!])
    expect(await segments()).to.have.length(2)
    expect(await textsIn(storage)).to.deep.equal(['a 0', 'a 4', 'a 5'])
  })

  it('deletes later what it could not because another segment could not be deleted', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path, segmentBytes: 4096 })
    opened.push(storage)
    for (const delivery of failedDeliveries(8, 'a', 3_000)) await storage.append([delivery])
    const all = await segments()
    const [first, , , last] = all
    disk.fault = failing('remove', 'EACCES', { inPath: first! })
    const entries = await entriesIn(storage)
    await storage.remove(entries.slice(0, 4))
    expect(await segments()).to.deep.equal(all)
    await storage.remove(entries.slice(4, 6))
    expect(await segments()).to.deep.equal([first, last])
  })

  for (const when of ['before', 'after'] as const) {
    it(`loses no append that began ${when} the segment that it would go to was about to be deleted`, async () => {
      await storageThere().append(failedDeliveries(1, 'before'))
      await closeAll()
      const disk = new FaultyDisk()
      const storage = FileStorage.on(disk, { path })
      opened.push(storage)
      const entries = await entriesIn(storage, { claim: true })
      let appending: Promise<void> | undefined
      const append = (): Promise<void> => (appending ??= storage.append(failedDeliveries(1, 'meanwhile')))
      let goOn = (): void => {}
      const isGoingOn = new Promise<void>(resolve => (goOn = resolve))
      const isOpening = new Promise<void>(resolve => {
        disk.fault = async (call, on) => {
          if (call === 'openForWriting' && when === 'before') {
            resolve()
            await isGoingOn
          }
          // Of the removals: first those of entries, then that the segment is deleted.
          if (call !== 'sync' || !on.includes('removals') || disk.count('sync', 'removals') < 2) return
          goOn()
          await append()
        }
      })
      if (when === 'before') {
        void append()
        await isOpening
      }
      await storage.remove(entries)
      goOn()
      await append()
      expect(await textsIn(storage)).to.deep.equal(['meanwhile 0'])
      await storage.close()
      expect(await textsIn(storageThere())).to.deep.equal(['meanwhile 0'])
    })
  }

  it('deletes the segment that it writes to, too, and goes on in another one', async () => {
    const storage = storageThere({ segmentBytes: 40_000 })
    for (let i = 0; i < 5; i++) {
      await storage.append(failedDeliveries(3, `a${i}`, 3_000))
      await storage.remove(await entriesIn(storage))
      expect(await segments()).to.deep.equal([])
    }
    await storage.append(failedDeliveries(1, 'last'))
    await closeAll()
    expect(await textsIn(storageThere())).to.deep.equal(['last 0'])
    expect(notices).to.deep.equal([])
  })

  it('makes no new segment for every delivery that comes and goes', async () => {
    const storage = storageThere()
    for (let i = 0; i < 20; i++) {
      await storage.append(failedDeliveries(1))
      await storage.remove(await entriesIn(storage))
    }
    expect((await segments())[0]).to.match(/^0000000001-/)
    await storage.close()
    expect(await segments()).to.deep.equal([])
  })

  it('does not use the number of a segment again', async () => {
    for (let i = 1; i <= 3; i++) {
      const storage = storageThere()
      await storage.append(failedDeliveries(1))
      expect((await segments())[0]).to.match(new RegExp(`^000000000${i}-`))
      await storage.remove(await entriesIn(storage))
      await closeAll()
    }
  })

  it('makes room while others still read the segment', async () => {
    const storage = storageThere({ segmentBytes: 4096 })
    const deliveries = failedDeliveries(8, 'a', 3_000)
    for (const delivery of deliveries) await storage.append([delivery])
    const reading = storage.read()[Symbol.asyncIterator]()
    const first = await reading.next()
    await storage.remove(await entriesIn(storage))
    expect((first.value as Entry).id).to.equal(deliveries[0]!.id)
    expect(await reading.next()).to.include({ done: true })
    expect(await segments()).to.deep.equal([])
  })

  it('removes what was read by somebody who only looked', async () => {
    await storageThere().append(failedDeliveries(4))
    await closeAll()
    const entries = await entriesIn(new FileStorage({ path }))
    const storage = storageThere()
    await storage.remove(entries.slice(1, 3))
    expect(await textsIn(storage)).to.deep.equal(['record 0', 'record 3'])
  })

  it('removes an entry that was not read from it, by its key', async () => {
    const storage = storageThere()
    const deliveries = failedDeliveries(3)
    await storage.append(deliveries)
    await storage.append([failedAgain(deliveries[1]!)])
    const copies = (await entriesIn(storage)).map(({ id, version, envelope }) => ({ id, version, envelope }))
    await storage.remove([{ ...copies.find(({ version }) => version === 2)!, version: 1 }])
    expect(await entriesIn(storage)).to.have.length(3)
    await storage.remove(copies.slice(1))
    expect(await textsIn(storage)).to.deep.equal(['record 0'])
  })

  it('removes older versions with the newest, also after a crash between the two', async () => {
    const storage = storageThere({ segmentBytes: 4096 })
    const [delivery] = failedDeliveries(1, 'a', 5_000) as [Delivery]
    await storage.append([delivery])
    await storage.append([failedAgain(delivery)])
    expect(await segments()).to.have.length(2)
    await closeAll()
    const next = storageThere()
    const entries = await entriesIn(next, { claim: true })
    expect(entries.map(({ version }) => version)).to.deep.equal([2])
    await next.remove(entries)
    expect(await segments()).to.deep.equal([])
    await closeAll()
    expect(await entriesIn(storageThere())).to.deep.equal([])
  })

  it('remembers the keys of the last segments when it is opened again', async () => {
    const deliveries = failedDeliveries(5)
    await storageThere().append(deliveries)
    await closeAll()
    const storage = storageThere()
    await storage.append([...deliveries, ...failedDeliveries(1, 'new')])
    expect((await entriesIn(storage)).length).to.equal(6)
  })

  it('does not store a version that is older than one that is there', async () => {
    const storage = storageThere()
    const [delivery] = failedDeliveries(1) as [Delivery]
    await storage.append([failedAgain(failedAgain(delivery))])
    await storage.append([failedAgain(delivery)])
    await storage.append([delivery])
    expect((await entriesIn(storage)).map(({ version }) => version)).to.deep.equal([3])
  })

  it('brings removed entries back, and loses none, when its log is lost or damaged', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(4))
    await storage.remove((await entriesIn(storage)).slice(0, 2))
    await closeAll()
    const log = join(path, 'removals.log')
    const bytes = await readFile(log)
    await writeFile(log, bytes.subarray(0, bytes.length - 5))
    expect(await textsIn(new FileStorage({ path }))).to.have.length(4)
    const next = storageThere()
    await next.remove((await entriesIn(next)).slice(0, 1))
    await closeAll()
    expect(await textsIn(storageThere())).to.deep.equal(['record 1', 'record 2', 'record 3'])
  })

  it('takes of a line of its log only what it knows', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(3))
    await storage.remove((await entriesIn(storage)).slice(0, 1))
    await storage.close()
    const [segment] = (await readdir(path)).filter(name => name.endsWith('.segment'))
    const id = segment!.replace('.segment', '')
    await appendFile(join(path, 'removals.log'), lineOf(`{"segment":"${id}","cells":[],"end":"x","dropped":5}`, 0))
    expect(await textsIn(storageThere())).to.deep.equal(['record 1', 'record 2'])
  })

  for (const text of ['null', '7', '{"segment":"x"}', '{"segment":"x","cells":[1e12]}', '{"dropped":[5]}', 'x']) {
    it(`passes over a line of its log that says ${text}, and writes the log anew`, async () => {
      const storage = storageThere()
      await storage.append(failedDeliveries(3))
      await storage.remove((await entriesIn(storage)).slice(0, 1))
      await storage.close()
      await appendFile(join(path, 'removals.log'), lineOf(text, 0))
      const next = storageThere()
      expect(await textsIn(next)).to.deep.equal(['record 1', 'record 2'])
      await next.remove((await entriesIn(next)).slice(0, 1))
      expect((await readFile(join(path, 'removals.log'))).includes(lineOf(text, 0))).to.equal(false)
      expect(await textsIn(storageThere())).to.deep.equal(['record 2'])
    })
  }

  it('reads the lines of its log that are whole', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(4))
    for (const entry of (await entriesIn(storage)).slice(0, 2)) await storage.remove([entry])
    await closeAll()
    await appendFile(join(path, 'removals.log'), '0123')
    expect(await textsIn(storageThere(), { claim: true })).to.deep.equal(['record 2', 'record 3'])
  })

  it('writes its log anew before it grows for ever', async () => {
    const storage = storageThere({ segmentBytes: 1_048_576 })
    let most = 0
    const [kept] = failedDeliveries(1, 'kept') as [Delivery]
    for (let i = 0; i < 14; i++) {
      await storage.append(failedDeliveries(16_384, `a${i}`))
      const entries = (await entriesIn(storage)).filter(({ id }) => id !== kept.id)
      for (let at = 0; at < entries.length; at += 1_024) await storage.remove(entries.slice(at, at + 1_024))
      if (i === 0) await storage.append([kept])
      most = Math.max(most, await logBytes())
    }
    // Without, it would be about 1.3 MB.
    expect(most).to.be.within(900_000, 1_150_000)
    expect(await logBytes()).to.be.below(1_000_000)
    await closeAll()
    expect(idsOf(await entriesIn(storageThere()))).to.deep.equal([kept.id])
  }).timeout(60_000)

  it('writes removals that come together at once', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path })
    opened.push(storage)
    await storage.append(failedDeliveries(500))
    const entries = await entriesIn(storage)
    await storage.remove(entries.splice(0, 1))
    const writes = disk.count('write', 'removals')
    await Promise.all(entries.splice(0, 400).map(entry => storage.remove([entry])))
    expect(disk.count('write', 'removals') - writes).to.be.within(1, 2)
    expect(await entriesIn(storage)).to.have.length(99)
  })

  it('syncs the log before it deletes a segment, and nothing for a removal alone', async () => {
    const disk = new FaultyDisk()
    const storage = FileStorage.on(disk, { path, segmentBytes: 4096 })
    opened.push(storage)
    for (const delivery of failedDeliveries(4, 'a', 3_000)) await storage.append([delivery])
    const entries = await entriesIn(storage)
    await storage.remove(entries.slice(2, 3))
    disk.calls.length = 0
    await storage.remove(entries.slice(0, 1))
    expect(disk.calls.map(({ call }) => call)).to.deep.equal(['write'])
    await storage.remove(entries.slice(1, 2))
    const calls = disk.calls.map(({ call }) => call)
    expect(calls.slice(1)).to.deep.equal(['write', 'write', 'sync', 'remove', 'syncFolder'])
  })
})
