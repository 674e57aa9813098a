import disk, { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import sinon from 'sinon'
import { StorageError } from '../../../lib/errors.ts'
import { ownIdentity } from '../../../lib/storage/file/process-identity.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { entriesIn, failedDeliveries, textsIn } from '../../support/deliveries.ts'
import { children } from '../../support/run-in-child.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { systemError } from './faulty-disk.ts'

const script = new URL('./storage-child.ts', import.meta.url)

describe('file storage and its lock', () => {
  const folder = temporaryFolder()
  const run = children()
  const opened: FileStorage[] = []
  let path: string

  beforeEach(() => {
    path = folder()
  })

  afterEach(async () => {
    sinon.restore()
    syncBuiltinESMExports()
    for (const storage of opened.splice(0)) await storage.close()
  })

  function failOnce(call: 'appendFile' | 'readdir' | 'rename' | 'rm' | 'writeFile', code: string): void {
    const stub = sinon.stub(disk, call).callThrough()
    stub.onFirstCall().rejects(systemError(code))
    syncBuiltinESMExports()
  }

  function storageThere(): FileStorage {
    const storage = new FileStorage({ path })
    opened.push(storage)
    return storage
  }

  const locks = async (): Promise<string[]> => (await readdir(path)).filter(name => name.startsWith('.lock-'))

  async function failure(promise: Promise<unknown>): Promise<StorageError> {
    const error: unknown = await promise.then(
      () => undefined,
      (cause: unknown) => cause
    )
    expect(error).to.be.an.instanceOf(StorageError)
    return error as StorageError
  }

  async function lockOf(owner: object): Promise<void> {
    await mkdir(path)
    await writeFile(join(path, '.lock-0123456789abcdef'), `${JSON.stringify(owner)}\nheld\n`)
  }

  it('T29 P13 refuses a second process, and names the first', async () => {
    const child = run(script, ['hold', path])
    await child.line('open')
    const uses: Array<(storage: FileStorage) => Promise<unknown>> = [
      storage => storage.open(),
      storage => storage.append(failedDeliveries(1)),
      storage => entriesIn(storage, { claim: true }),
      storage => storage.remove([])
    ]
    for (const use of uses) {
      const error = await failure(use(storageThere()))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE_LOCKED', retryable: false })
      expect(error.message).to.include(`Process ${child.pid} `).and.include(path)
    }
  })

  it('T29 reads beside the process that has the lock', async () => {
    await storageThere().append(failedDeliveries(3))
    for (const storage of opened.splice(0)) await storage.close()
    const child = run(script, ['hold', path])
    await child.line('open')
    expect(await textsIn(storageThere())).to.deep.equal(['record 0', 'record 1', 'record 2'])
    expect(await storageThere().report()).to.include({ entries: 3 })
  })

  it('T29 takes over the lock of a process that was killed, and removes what it left', async () => {
    const child = run(script, ['hold', path])
    await child.line('open')
    await child.kill()
    const left = await locks()
    expect(left).to.not.be.empty
    await storageThere().append(failedDeliveries(1))
    for (const name of left) expect(await locks()).to.not.include(name)
  })

  it('T29 lets exactly one of many win a dead lock', async () => {
    await lockOf({ ...ownIdentity(), pid: 4_000_000 })
    const contenders = Array.from({ length: 5 }, () => run(script, ['contend', path]))
    await Promise.all(contenders.map(child => child.line('ready')))
    for (const child of contenders) child.tell('go')
    await Promise.all(contenders.map(child => Promise.race([child.line('won'), child.line('lost')])))
    for (const child of contenders) child.tell('end')
    await Promise.all(contenders.map(child => child.ended))
    const lines = contenders.flatMap(child => child.lines)
    expect(
      lines.filter(line => line === 'won'),
      lines.join('\n')
    ).to.have.length(1)
    expect(lines.filter(line => line.startsWith('lost SPW_ERR_STORAGE_LOCKED'))).to.have.length(4)
    expect(await locks()).to.deep.equal([])
  }).timeout(20_000)

  it('T29 takes over from a process whose number another one has by now', async () => {
    await lockOf({ ...ownIdentity(), started: '1' })
    await storageThere().open()
  })

  it('T29 takes over from a process of before the machine was started', async () => {
    await lockOf({ ...ownIdentity(), boot: 'another' })
    await storageThere().open()
  })

  it('T29 does not take over from a process that runs, or of which it cannot tell', async () => {
    for (const owner of [
      { ...ownIdentity(), pid: process.ppid, started: undefined },
      { ...ownIdentity(), boot: 'another', host: 'elsewhere' },
      { ...ownIdentity(), namespace: 'another' }
    ]) {
      path = folder()
      await lockOf(owner)
      const error = await failure(storageThere().open())
      expect(error.code).to.equal('SPW_ERR_STORAGE_LOCKED')
      expect(error.message).to.include(`${owner.pid} on ${owner.host}`).and.include('.lock-0123456789abcdef')
    }
  })

  for (const text of ['', 'null\n', '[]\nheld\n', '{"pid":"1","host":"h"}\n', '{"pid":1}\nheld\n']) {
    it(`T29 does not take over from whoever wrote ${JSON.stringify(text)} into a lock`, async () => {
      await mkdir(path)
      await writeFile(join(path, '.lock-0123456789abcdef'), text)
      expect((await failure(storageThere().open())).code).to.equal('SPW_ERR_STORAGE_LOCKED')
    })
  }

  it('T29 tells a dead process of another container by its socket', async () => {
    const child = run(script, ['hold', path])
    await child.line('open')
    const name = (await locks()).find(lock => /^\.lock-[0-9a-f]+$/.test(lock))!
    const [owner] = (await readFile(join(path, name), 'utf8')).split('\n')
    await writeFile(join(path, name), `${JSON.stringify({ ...JSON.parse(owner!), namespace: 'another' })}\nheld\n`)
    expect((await failure(storageThere().open())).code).to.equal('SPW_ERR_STORAGE_LOCKED')
    await child.kill()
    await storageThere().open()
  })

  it('names process, start and host in its lock file, and deletes it when it is closed', async () => {
    const storage = new FileStorage({ path })
    await storage.open()
    const name = (await locks()).find(lock => /^\.lock-[0-9a-f]+$/.test(lock))!
    const [owner] = (await readFile(join(path, name), 'utf8')).split('\n')
    expect(JSON.parse(owner!)).to.deep.equal({ ...ownIdentity(), bell: true })
    expect(ownIdentity()).to.include({ pid: process.pid, host: hostname() })
    await storage.close()
    expect(await locks()).to.deep.equal([])
  })

  it('works in a folder whose path is longer than that of a socket may be', async () => {
    path = join(path, 'x'.repeat(120), 'y'.repeat(120))
    await storageThere().open()
    expect((await locks()).filter(name => name.endsWith('.bell'))).to.have.length(1)
  })

  for (const call of ['writeFile', 'rename', 'readdir', 'appendFile'] as const) {
    it(`T09 leaves no lock behind when ${call} fails as it is taken, and takes it the next time`, async () => {
      failOnce(call, 'EMFILE')
      const storage = storageThere()
      expect(await failure(storage.open())).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(await locks()).to.deep.equal([])
      await storage.open()
    })
  }

  it('takes the lock again after it could not delete its file as it gave it back', async () => {
    const storage = new FileStorage({ path })
    await storage.open()
    failOnce('rm', 'EIO')
    expect(await failure(storage.close())).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    await storageThere().open()
    expect((await locks()).filter(name => !name.endsWith('.bell'))).to.have.length(1)
  })

  it('gives the lock back when the last of those who share it is closed', async () => {
    const [first, second] = [new FileStorage({ path }), new FileStorage({ path })]
    await first.open()
    await second.open()
    await first.close()
    expect(await locks()).to.not.be.empty
    await second.append(failedDeliveries(1))
    await second.close()
    expect(await locks()).to.deep.equal([])
  })

  it('opens while another one of the same folder is being closed', async () => {
    const first = new FileStorage({ path })
    await first.append(failedDeliveries(1))
    const closed = first.close()
    expect(await textsIn(storageThere(), { claim: true })).to.deep.equal(['record 0'])
    await closed
  })

  it('shares one folder that is named by two paths', async () => {
    await storageThere().append(failedDeliveries(1))
    const other = new FileStorage({ path: `${path}/../${path.split('/').at(-1)}/` })
    opened.push(other)
    await other.append(failedDeliveries(1, 'other'))
    expect(await textsIn(other)).to.deep.equal(['record 0', 'other 0'])
  })

  it('P13 refuses a second thread of the same process, and takes over from one that is gone', async () => {
    const program = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(script.href)})))`
    const worker = new Worker(program, { eval: true, argv: ['hold', path], stdout: true })
    await new Promise(resolve => worker.stdout.once('data', resolve))
    const error = await failure(storageThere().open())
    expect(error.code).to.equal('SPW_ERR_STORAGE_LOCKED')
    expect(error.message).to.include(`Process ${process.pid} `)
    await worker.terminate()
    await storageThere().open()
  })
}).timeout(15_000)
