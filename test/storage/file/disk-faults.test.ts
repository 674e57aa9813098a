import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Entry } from '../../../lib/storage/storage.ts'
import { entriesIn, failedDeliveries, textsIn } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { type DiskCall, failing, FaultyDisk, systemError } from './faulty-disk.ts'
import { damageNotices } from './notices.ts'

async function failureOf(promise: Promise<unknown>): Promise<StorageError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause
  )
  expect(error).to.be.an.instanceOf(StorageError)
  return error as StorageError
}

const segmentsIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter(name => name.endsWith('.segment')).sort()

describe('file storage on a disk that fails', () => {
  const folder = temporaryFolder()
  const notices = damageNotices()
  const opened: FileStorage[] = []
  let disk: FaultyDisk
  let path: string

  beforeEach(() => {
    disk = new FaultyDisk()
    path = folder()
  })

  afterEach(async () => {
    disk.fault = () => {}
    for (const storage of opened.splice(0)) await storage.close()
  })

  function storageOnIt(options: object = {}): FileStorage {
    const storage = FileStorage.on(disk, { path, ...options })
    opened.push(storage)
    return storage
  }

  /** What another process would find. */
  const foundBy = (onDisk: string): Promise<string[]> => textsIn(new FileStorage({ path: onDisk }))

  it('T01 says that the folder is none, and that trying again is of no use', async () => {
    await writeFile(path, 'a file')
    const error = await failureOf(storageOnIt().open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include(path).and.include('no folder')
  })

  it('T01 makes a folder that is missing, with those above it', async () => {
    path = join(path, 'a', 'b')
    await storageOnIt().append(failedDeliveries(1))
    expect(await foundBy(path)).to.deep.equal(['record 0'])
  })

  for (const code of ['EACCES', 'EROFS', 'EPERM']) {
    it(`T02 does not ask to be tried again after ${code}`, async () => {
      disk.fault = failing('create', code)
      const error = await failureOf(storageOnIt().append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include(code)
    })
  }

  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    it(`T03 says that it is full after ${code}, keeps nothing of the append, and takes it when there is room`, async () => {
      const storage = storageOnIt()
      await storage.append(failedDeliveries(2, 'before'))
      disk.fault = failing('write', code)
      const deliveries = failedDeliveries(3, 'refused')
      expect(await failureOf(storage.append(deliveries))).to.include({ code: 'SPW_ERR_STORAGE_FULL', retryable: true })
      expect(await textsIn(storage)).to.deep.equal(['before 0', 'before 1'])
      expect(await foundBy(path)).to.deep.equal(['before 0', 'before 1'])
      disk.fault = () => {}
      await storage.append(deliveries)
      expect(await foundBy(path)).to.deep.equal(['before 0', 'before 1', 'refused 0', 'refused 1', 'refused 2'])
    })
  }

  it('T04 cuts what a full disk took of a write, however much that was', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1, 'before'))
    for (let taken = 0; taken < 700; taken += 13) {
      let writes = 0
      disk.fault = call => {
        if (call !== 'write') return
        if (writes++ % 2 === 0) return taken
        throw systemError('ENOSPC')
      }
      expect(await failureOf(storage.append(failedDeliveries(2, 'cut')))).to.include({ code: 'SPW_ERR_STORAGE_FULL' })
      expect(await foundBy(path), `${taken} bytes taken`).to.deep.equal(['before 0'])
    }
    disk.fault = () => {}
    await storage.append(failedDeliveries(1, 'after'))
    expect(await foundBy(path)).to.deep.equal(['before 0', 'after 0'])
    expect(notices).to.deep.equal([])
  })

  it('keeps what is appended where one stood that was never acknowledged, and that somebody removes who had seen it', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1, 'before'))
    const onlooker = new FileStorage({ path })
    let seen: Entry[] = []
    disk.fault = async call => {
      if (call !== 'sync') return
      if (seen.length === 0) seen = await entriesIn(onlooker)
      throw systemError('EIO')
    }
    await failureOf(storage.append(failedDeliveries(1, 'refused')))
    expect(seen).to.have.length(2)
    disk.fault = () => {}
    await storage.close()
    opened.push(onlooker)
    await onlooker.remove([seen[1]!])
    await onlooker.append(failedDeliveries(1, 'later'))
    expect(await foundBy(path)).to.deep.equal(['before 0', 'later 0'])
  })

  it('writes the rest after a short count', async () => {
    let writes = 0
    disk.fault = call => (call === 'write' && writes++ % 2 === 1 ? 100 : undefined)
    await storageOnIt().append(failedDeliveries(5))
    expect(await foundBy(path)).to.have.length(5)
  })

  it('T05 does not acknowledge what was written and not synced', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1, 'before'))
    disk.fault = failing('sync', 'ENOSPC')
    expect(await failureOf(storage.append(failedDeliveries(1)))).to.include({ code: 'SPW_ERR_STORAGE_FULL' })
    expect(await textsIn(storage)).to.deep.equal(['before 0'])
  })

  for (const [row, call] of [
    ['T06', 'write'],
    ['T07', 'sync']
  ] as const) {
    it(`${row} writes to a new segment what a ${call} with EIO left open, and never uses the old one again`, async () => {
      const storage = storageOnIt()
      await storage.append(failedDeliveries(2, 'before'))
      const [first] = await segmentsIn(path)
      disk.calls.length = 0
      disk.fault = failing(call, 'EIO', { times: 1, inPath: '.segment' })
      await storage.append(failedDeliveries(2, 'again'))
      const segments = await segmentsIn(path)
      expect(segments).to.have.length(2)
      const toFirst = disk.calls.filter(made => made.path.endsWith(first!)).map(made => made.call)
      expect(toFirst.slice(toFirst.indexOf('truncate'))).to.deep.equal(['truncate', 'sync'])
      await storage.append(failedDeliveries(1, 'later'))
      expect(disk.calls.filter(made => made.call === 'write' && made.path.endsWith(first!))).to.have.length(1)
      expect(await foundBy(path)).to.deep.equal(['before 0', 'before 1', 'again 0', 'again 1', 'later 0'])
    })
  }

  it('has each entry once when the segment with the failed sync cannot be cut either', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(2, 'before'))
    let isBroken = false
    disk.fault = (call, inPath) => {
      if (!inPath.includes('0000000001-')) return
      if (call === 'sync') isBroken = true
      if (isBroken) throw systemError('EIO')
    }
    await storage.append(failedDeliveries(2, 'again'))
    disk.fault = () => {}
    await storage.close()
    expect(await foundBy(path)).to.deep.equal(['before 0', 'before 1', 'again 0', 'again 1'])
    const next = storageOnIt()
    await next.append(failedDeliveries(1, 'later'))
    await next.close()
    expect(await foundBy(path)).to.deep.equal(['before 0', 'before 1', 'again 0', 'again 1', 'later 0'])
  })

  for (const [what, use] of [
    ['the next append', (storage: FileStorage) => storage.journal(failedDeliveries(1, 'next'), { sync: false })],
    ['a sync', (storage: FileStorage) => storage.sync()]
  ] as const) {
    it(`T07 says by ${what}, for good, that what was only written could not be made durable`, async () => {
      const storage = storageOnIt({ segmentBytes: 4096 })
      await storage.append(failedDeliveries(1, 'before'))
      await storage.journal(failedDeliveries(2, 'written', 3_000), { sync: false })
      disk.fault = failing('sync', 'EIO', { times: 1, inPath: '.segment' })
      expect(await failureOf(use(storage))).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      await storage.append(failedDeliveries(1, 'later'))
      expect((await foundBy(path)).at(-1)).to.equal('later 0')
    })
  }

  it('says so too when the segment could not be synced after a write that failed', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1, 'before'))
    await storage.journal(failedDeliveries(2, 'written'), { sync: false })
    let isBroken = false
    disk.fault = (call, inPath) => {
      if (call === 'write' && inPath.endsWith('.segment')) isBroken = true
      if (isBroken && inPath.includes('0000000001-')) throw systemError('EIO')
    }
    const next = storage.journal(failedDeliveries(1, 'next'), { sync: false })
    expect(await failureOf(next)).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
  })

  it('leaves no second copy of what it writes again, whenever the power goes', async () => {
    const storage = storageOnIt()
    await storage.open()
    disk.calls.length = 0
    disk.fault = failing('sync', 'EIO', { times: 1, inPath: '.segment' })
    await storage.append(failedDeliveries(2))
    const names = disk.calls.map(({ call }) => call)
    expect(names.slice(names.indexOf('truncate'), names.indexOf('truncate') + 3)).to.deep.equal([
      'truncate',
      'sync',
      'remove'
    ])
  })

  it('T08 does not count on a segment whose name is not durable', async () => {
    const storage = storageOnIt()
    await storage.open()
    disk.fault = failing('syncFolder', 'EIO')
    expect(await failureOf(storage.append(failedDeliveries(1)))).to.include({
      code: 'SPW_ERR_STORAGE',
      retryable: true
    })
    disk.fault = () => {}
    await storage.append(failedDeliveries(1, 'later'))
    expect(await foundBy(path)).to.deep.equal(['later 0'])
  })

  for (const [row, code, call] of [
    ['T09', 'EMFILE', 'create'],
    ['T09', 'ENFILE', 'create'],
    ['T11', 'EINTR', 'write'],
    ['T11', 'EAGAIN', 'write']
  ] as const) {
    it(`${row} may be tried again after ${code}, and goes on when it is over`, async () => {
      const storage = storageOnIt()
      await storage.open()
      disk.fault = failing(call, code)
      const deliveries = failedDeliveries(2)
      expect(await failureOf(storage.append(deliveries))).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      disk.fault = () => {}
      await storage.append(deliveries)
      expect(await foundBy(path)).to.deep.equal(['record 0', 'record 1'])
    })
  }

  it('T09 opens later when there were too many open files', async () => {
    disk.fault = failing('lock', 'EMFILE', { times: 1 })
    const storage = storageOnIt()
    expect(await failureOf(storage.open())).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    await storage.append(failedDeliveries(1))
    expect(await foundBy(path)).to.deep.equal(['record 0'])
  })

  it('T11 does not show a single EINTR to anybody', async () => {
    disk.fault = failing('write', 'EINTR', { times: 1 })
    await storageOnIt().append(failedDeliveries(1))
    expect(await foundBy(path)).to.deep.equal(['record 0'])
  })

  it('T12 shares a slow sync among all that wait', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1, 'first'))
    const syncs = disk.count('sync')
    disk.fault = async call => {
      if (call === 'sync') await new Promise(resolve => setTimeout(resolve, 100))
    }
    const deliveries = failedDeliveries(60)
    const appends = deliveries.map((delivery, i) =>
      new Promise<void>(resolve => setTimeout(resolve, i)).then(() => storage.append([delivery]))
    )
    await Promise.all(appends)
    expect(disk.count('sync') - syncs).to.be.within(1, 10)
    expect(await textsIn(storage)).to.have.length(61)
  })

  it('T27 reads what is there when the disk is too full to put anything right', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(3))
    await storage.close()
    const [name] = await segmentsIn(path)
    await writeFile(join(path, name!), '0123', { flag: 'a' })
    const full: DiskCall[] = ['write', 'create', 'truncate', 'sync']
    disk.fault = call => {
      if (full.includes(call)) throw systemError('ENOSPC')
    }
    const next = storageOnIt()
    expect(await textsIn(next)).to.deep.equal(['record 0', 'record 1', 'record 2'])
    await next.remove((await entriesIn(next, { claim: true })).slice(0, 1))
    expect(await textsIn(next)).to.deep.equal(['record 1', 'record 2'])
    expect(await failureOf(next.append(failedDeliveries(1)))).to.include({ code: 'SPW_ERR_STORAGE_FULL' })
    disk.fault = () => {}
    await next.append(failedDeliveries(1, 'later'))
    await next.close()
    expect(await foundBy(path)).to.deep.equal(['record 1', 'record 2', 'later 0'])
  })

  it('makes room on a full disk when all entries of a segment are removed', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(3))
    await storage.close()
    disk.fault = (call, inPath) => {
      if (call === 'write' || (call === 'create' && inPath.includes('removals'))) throw systemError('ENOSPC')
    }
    const next = storageOnIt()
    await next.remove(await entriesIn(next, { claim: true }))
    expect(await segmentsIn(path)).to.deep.equal([])
  })

  it('T32 refuses a file system that cannot make a folder durable, at the start', async () => {
    disk.fault = failing('syncFolder', 'EINVAL')
    expect(await failureOf(storageOnIt().open())).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
  })

  it('T32 refuses a file system that cannot make a file durable', async () => {
    disk.fault = failing('sync', 'EINVAL')
    expect(await failureOf(storageOnIt().append(failedDeliveries(1)))).to.include({ retryable: false })
  })

  it('says why an entry could not be removed, and writes it down with the next one', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(4))
    const entries = await entriesIn(storage)
    disk.fault = failing('create', 'EIO', { inPath: 'removals' })
    expect(await failureOf(storage.remove(entries.slice(0, 1)))).to.include({
      code: 'SPW_ERR_STORAGE',
      retryable: true
    })
    disk.fault = () => {}
    await storage.remove(entries.slice(1, 2))
    expect(await foundBy(path)).to.deep.equal(['record 2', 'record 3'])
  })

  it('says why it cannot read', async () => {
    const storage = storageOnIt()
    await storage.append(failedDeliveries(1))
    disk.fault = failing('read', 'EIO')
    expect(await failureOf(entriesIn(storage))).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    await mkdir(`${path}-other`)
    disk.fault = failing('list', 'EACCES')
    expect(await failureOf(entriesIn(FileStorage.on(disk, { path: `${path}-other` })))).to.include({ retryable: false })
  })
})
