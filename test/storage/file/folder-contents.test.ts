import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  writeFile
} from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import sinon from 'sinon'
import { StorageError } from '../../../lib/errors.ts'
import { line, lineOf } from '../../../lib/storage/file/line.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { entriesIn, failedDeliveries, textsIn } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { damageNotices } from './notices.ts'

describe('file storage and what it finds in its folder', () => {
  const folder = temporaryFolder()
  const notices = damageNotices()
  const opened: FileStorage[] = []
  let path: string

  beforeEach(() => {
    path = folder()
  })

  afterEach(async () => {
    sinon.restore()
    for (const storage of opened.splice(0)) await storage.close()
  })

  function storageThere(options: object = {}): FileStorage {
    const storage = new FileStorage({ path, ...options })
    opened.push(storage)
    return storage
  }

  /** Stores so many, in one segment for each name. */
  async function stored(count: number, ...names: string[]): Promise<string[]> {
    for (const name of names) {
      const storage = new FileStorage({ path, segmentBytes: 4096 })
      await storage.append(failedDeliveries(count, name, 5_000))
      await storage.close()
    }
    return segments()
  }

  const list = async (): Promise<string[]> => (await readdir(path)).sort()
  const segments = async (): Promise<string[]> => (await list()).filter(name => name.endsWith('.segment'))
  const inPath = (name: string): string => join(path, name)

  async function failure(promise: Promise<unknown>): Promise<StorageError> {
    const error: unknown = await promise.then(
      () => undefined,
      (cause: unknown) => cause
    )
    expect(error).to.be.an.instanceOf(StorageError)
    return error as StorageError
  }

  async function flip(name: string, offset: number): Promise<void> {
    const bytes = await readFile(inPath(name))
    bytes[offset]! ^= 0x10
    await writeFile(inPath(name), bytes)
  }

  it('T13 cuts a torn tail when it opens to write, and appends after what was whole', async () => {
    const [name] = await stored(3, 'a')
    const { size } = await stat(inPath(name!))
    for (const cut of [1, 2, 17, 18, 19, 100, 4_999]) {
      const copy = folder()
      await mkdir(copy)
      await copyFile(inPath(name!), join(copy, name!))
      await truncate(join(copy, name!), size - cut)
      const storage = new FileStorage({ path: copy })
      expect(await textsIn(storage), `${cut} bytes cut`).to.deep.equal(['a 0', 'a 1'])
      await storage.append(failedDeliveries(1, 'later'))
      await storage.close()
      expect(await textsIn(new FileStorage({ path: copy })), `${cut} bytes cut`).to.deep.equal([
        'a 0',
        'a 1',
        'later 0'
      ])
      expect(await readdir(copy), `${cut} bytes cut`).to.deep.equal([name])
    }
    expect(notices).to.deep.equal([])
  })

  it('T13 takes no new entry for the removed one that stood in its place before the file was cut', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(3))
    await storage.remove((await entriesIn(storage, { claim: true })).slice(2))
    await storage.close()
    const [name] = await segments()
    await truncate(inPath(name!), (await stat(inPath(name!))).size - 1)
    const next = storageThere()
    await next.append(failedDeliveries(1, 'new'))
    expect(await textsIn(next)).to.deep.equal(['record 0', 'record 1', 'new 0'])
    await next.close()
    expect(await textsIn(storageThere())).to.deep.equal(['record 0', 'record 1', 'new 0'])
  })

  it('leaves a torn tail alone when it only reads', async () => {
    const [name] = await stored(2, 'a')
    await appendFile(inPath(name!), '0123')
    const { size } = await stat(inPath(name!))
    expect(await textsIn(storageThere())).to.deep.equal(['a 0', 'a 1'])
    expect(await storageThere().report()).to.include({ entries: 2, damaged: 0 })
    expect((await stat(inPath(name!))).size).to.equal(size)
  })

  it('T19 passes over a damaged line, reports it, and keeps its bytes aside', async () => {
    const [name] = await stored(3, 'a')
    const before = await readFile(inPath(name!))
    const start = before.indexOf('\n', before.indexOf('}a 0')) + 1
    const end = before.indexOf('\n', start) + 1
    await flip(name!, start + 40)
    const storage = storageThere()
    await storage.open()
    expect(await textsIn(storage)).to.deep.equal(['a 0', 'a 2'])
    expect(await storage.report()).to.include({ entries: 2, damaged: 1, quarantined: 1 })
    expect(notices).to.have.length(1)
    expect(notices[0]).to.include({ storage: 'file', path: inPath(name!), bytes: end - start })
    const aside = await readFile(inPath(name!.replace('.segment', `.${start}.damaged`)))
    expect(aside).to.deep.equal((await readFile(inPath(name!))).subarray(start, end))
  })

  it('keeps what is aside, once, when the segment that it was in is deleted', async () => {
    const [name] = await stored(3, 'a')
    await flip(name!, 100)
    for (let i = 0; i < 2; i++) {
      const storage = new FileStorage({ path })
      await storage.open()
      await storage.close()
    }
    expect((await list()).filter(file => file.endsWith('.damaged'))).to.have.length(1)
    const storage = storageThere()
    await storage.remove(await entriesIn(storage, { claim: true }))
    await storage.close()
    expect(await list())
      .to.have.length(2)
      .and.include('removals.log')
    expect((await list())[0]).to.match(/\.damaged$/)
  })

  it('reports damage that comes while it is open, and does not delete the segment that has it', async () => {
    const [name] = await stored(3, 'a')
    const storage = storageThere()
    await storage.open()
    await flip(name!, 200)
    const entries = await entriesIn(storage, { claim: true })
    expect(entries).to.have.length(2)
    expect(notices.map(({ path }) => path)).to.deep.equal([inPath(name!)])
    await storage.remove(entries)
    expect(await segments()).to.deep.equal([name])
  })

  it('reads the rest of a segment whose header is damaged', async () => {
    const [name] = await stored(2, 'a')
    await flip(name!, 30)
    const storage = storageThere()
    await storage.append(failedDeliveries(1, 'later'))
    expect(await textsIn(storage)).to.deep.equal(['a 0', 'a 1', 'later 0'])
    expect(await segments()).to.have.length(2)
  })

  it('T17 takes nothing from a segment that was put in the place of another', async () => {
    const [first, second] = await stored(2, 'a', 'b')
    await copyFile(inPath(first!), inPath(second!))
    const storage = storageThere()
    expect(await textsIn(storage, { claim: true })).to.deep.equal(['a 0', 'a 1'])
    expect(notices.map(({ path }) => path)).to.include(inPath(second!))
    await storage.close()
    expect(await list()).to.include(second)
  })

  it('T17 takes no block of another segment', async () => {
    const [first, second] = await stored(3, 'a', 'b')
    const foreign = (await readFile(inPath(first!))).subarray(4096, 8192)
    const bytes = await readFile(inPath(second!))
    foreign.copy(bytes, 4096)
    await writeFile(inPath(second!), bytes)
    // The block held the head of the second line.
    expect(await textsIn(storageThere())).to.deep.equal(['a 0', 'a 1', 'a 2', 'b 0', 'b 2'])
  })

  for (const [what, bytes] of [
    ['empty', Buffer.alloc(0)],
    ['all zero', Buffer.alloc(65_536)],
    ['torn in its header', Buffer.from('0123')]
  ] as const) {
    it(`T20 opens cleanly with a segment that is ${what}, wherever it stands`, async () => {
      const names = await stored(1, 'a', 'b')
      const last = names[1]!.replace('0000000002', '0000000003')
      await writeFile(inPath(names[0]!), bytes)
      await writeFile(inPath(last), bytes)
      const storage = storageThere()
      await storage.append(failedDeliveries(1, 'later'))
      expect(await textsIn(storage)).to.deep.equal(['b 0', 'later 0'])
    })
  }

  it('T20 opens cleanly with a segment that has only its header, and deletes it', async () => {
    const [name] = await stored(1, 'a')
    await truncate(inPath(name!), (await readFile(inPath(name!))).indexOf('\n') + 1)
    const storage = storageThere()
    expect(await textsIn(storage, { claim: true })).to.deep.equal([])
    expect(await segments()).to.deep.equal([])
    expect(notices).to.deep.equal([])
  })

  it('T20 takes zeros after the last line for what they are', async () => {
    const [name] = await stored(1, 'a')
    await appendFile(inPath(name!), Buffer.alloc(10_000))
    const storage = storageThere()
    await storage.append(failedDeliveries(1, 'later'))
    expect(await textsIn(storage)).to.deep.equal(['a 0', 'later 0'])
    expect(await storage.report()).to.include({ damaged: 0, quarantined: 0 })
  })

  it('T21 reports a segment that is missing in the middle, and reads the others', async () => {
    const names = await stored(1, 'a', 'b', 'c', 'd')
    await rename(inPath(names[1]!), `${path}.lost`)
    const storage = storageThere()
    expect(await textsIn(storage)).to.deep.equal(['a 0', 'c 0', 'd 0'])
    expect((await storage.report()).missing).to.deep.equal([[2, 2]])
    expect(notices[0]?.reason).to.equal('segment 2 is missing')
  })

  it('T21 does not miss a segment that it deleted itself', async () => {
    await stored(1, 'a', 'b', 'c')
    const storage = new FileStorage({ path })
    await storage.remove((await entriesIn(storage, { claim: true })).slice(1, 2))
    await storage.close()
    expect(await segments()).to.have.length(2)
    expect((await storageThere().report()).missing).to.deep.equal([])
    expect(notices).to.deep.equal([])
  })

  it('T23 leaves files alone that are not its own, and reports them', async () => {
    const [name] = await stored(1, 'a')
    const foreign = [`${name}~`, `.${name}.swp`, 'notes.txt']
    for (const file of foreign) await writeFile(inPath(file), 'mine')
    await mkdir(inPath('a-table'))
    const storage = storageThere()
    await storage.remove(await entriesIn(storage, { claim: true }))
    expect((await storage.report()).foreign).to.have.members(foreign)
    expect(notices.map(({ path }) => path)).to.have.members(foreign.map(inPath))
    await storage.close()
    for (const file of foreign) expect(await readFile(inPath(file), 'utf8')).to.equal('mine')
  })

  it('T23 P14 refuses a segment of a later version by its name, and touches nothing', async () => {
    const [name] = await stored(1, 'a')
    const id = name!.slice(0, -'.segment'.length)
    const later = Buffer.concat([
      lineOf(JSON.stringify({ spillway: 'segment', version: 2, segment: id }), 0),
      Buffer.from('?')
    ])
    await writeFile(inPath(name!), later)
    const error = await failure(storageThere().open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include(inPath(name!)).and.include('version 2').and.include('version 1')
    expect(await failure(entriesIn(storageThere()))).to.include({ message: error.message })
    expect(await list()).to.deep.equal([name])
    expect(await readFile(inPath(name!))).to.deep.equal(later)
  })

  it('P14 refuses a removal log of a later version', async () => {
    await stored(1, 'a')
    await writeFile(inPath('removals.log'), lineOf(JSON.stringify({ spillway: 'removals', version: 9 }), 0))
    expect((await failure(storageThere().open())).message).to.include('version 9')
  })

  it('P14 reads a folder that the first release wrote', async () => {
    await mkdir(path)
    const id = '0000000001-0badcafe'
    const text =
      '{"v":1,"id":"x-1","version":1,"acceptedAt":1700000000000,"method":"POST","url":"http://a/","headers":{},' +
      '"records":["{}"],"attempts":4,"outcome":"exhausted"}'
    const bytes =
      `b83e638d 00000042 {"spillway":"segment","version":1,"segment":"${id}"}\n` + `fc8da701 0000009c ${text}\n`
    await writeFile(inPath(`${id}.segment`), bytes)
    const [entry] = await entriesIn(storageThere())
    expect(entry?.envelope).to.deep.equal(JSON.parse(text))
  })

  it('passes over an entry that is no envelope of this release, and keeps it', async () => {
    const [name] = await stored(1, 'a')
    const { seedOf } = await import('../../../lib/storage/file/segment-id.ts')
    const newer = lineOf(
      '{"v":2,"id":"later","something":"else entirely, and long enough to be a line"}',
      seedOf(name!.slice(0, -8))
    )
    await appendFile(inPath(name!), newer)
    const storage = storageThere()
    const entries = await entriesIn(storage, { claim: true })
    expect(entries).to.have.length(1)
    expect(notices.map(({ path }) => path)).to.deep.equal([inPath(name!)])
    await storage.remove(entries)
    expect(await readFile(inPath(name!))).to.satisfy((bytes: Buffer) => bytes.includes(newer.subarray(line.head)))
  })

  it('C14 refuses a segment that is a symbolic link', async () => {
    const [name] = await stored(1, 'a')
    await rename(inPath(name!), `${path}.elsewhere`)
    await symlink(`${path}.elsewhere`, inPath(name!))
    for (const use of [() => storageThere().open(), () => entriesIn(storageThere())]) {
      const error = await failure(use())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message)
        .to.include(inPath(name!))
        .and.match(/symbolic link/i)
    }
  })

  it('C14 refuses a removal log that is a symbolic link', async () => {
    await stored(1, 'a')
    await writeFile(`${path}.log`, '')
    await symlink(`${path}.log`, inPath('removals.log'))
    expect(await failure(storageThere().open())).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
  })

  it('C14 makes its folder for this user alone, and every file', async () => {
    const before = process.umask(0)
    try {
      const [name] = await stored(2, 'a')
      await flip(name!, 100)
      const storage = storageThere()
      await storage.remove((await entriesIn(storage, { claim: true })).slice(0, 1))
      await storage.append(failedDeliveries(1))
      expect((await stat(path)).mode & 0o777).to.equal(0o700)
      const files = await list()
      expect(files.length).to.be.at.least(4)
      for (const file of files) {
        expect((await stat(inPath(file))).mode & 0o777, file).to.equal(0o600)
      }
    } finally {
      process.umask(before)
    }
  })

  it('T31 keeps its order while the clock jumps', async () => {
    const clock = sinon.stub(Date, 'now')
    const times = [5_000_000, 1_400_000, 8_600_000, 0]
    for (const [i, time] of times.entries()) {
      clock.returns(time)
      await stored(1, `n${i}`)
    }
    expect(await textsIn(storageThere())).to.deep.equal(['n0 0', 'n1 0', 'n2 0', 'n3 0'])
  })

  it('is empty where the folder does not exist, and makes none to read', async () => {
    expect(await textsIn(storageThere())).to.deep.equal([])
    expect(await storageThere().report()).to.include({ entries: 0, segments: 0 })
    expect(await stat(path).catch((error: NodeJS.ErrnoException) => error.code)).to.equal('ENOENT')
  })
})
