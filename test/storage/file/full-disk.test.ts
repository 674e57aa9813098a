import { spawnSync } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { type Disk, nodeDisk } from '../../../lib/storage/file/disk.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { entriesIn, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { FaultyDisk, systemError } from './faulty-disk.ts'

const bytesOfDisk = 1_048_576

/** A disk of 1 MiB: a real one where it can be mounted, else the machine's with a count of what is written. */
class SmallDisk {
  readonly disk: Disk
  readonly path: string
  readonly isReal: boolean
  #left = bytesOfDisk

  constructor(path: string) {
    this.path = path
    this.isReal = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${bytesOfDisk}`, 'tmpfs', path]).status === 0
    this.disk = this.isReal ? nodeDisk : new FaultyDisk(call => this.#room(call))
  }

  async makeRoom(): Promise<void> {
    this.#left = bytesOfDisk
    if (this.isReal) await rm(join(this.path, 'ballast'))
  }

  async fill(bytes: number): Promise<void> {
    this.#left -= bytes
    if (this.isReal) await writeFile(join(this.path, 'ballast'), Buffer.alloc(bytes))
  }

  unmount(): void {
    if (this.isReal) spawnSync('/bin/umount', [this.path])
  }

  #room(call: string): number | void {
    if (call !== 'write') return
    if (this.#left <= 0) throw systemError('ENOSPC')
    this.#left -= 1_000
    return 1_000
  }
}

describe('file storage on a disk that runs full', () => {
  const folder = temporaryFolder()
  let small: SmallDisk

  beforeEach(async () => {
    const path = folder()
    await mkdir(path)
    small = new SmallDisk(path)
  })

  afterEach(() => small.unmount())

  for (const ballast of [700_001, 800_123, 900_777]) {
    it(`T03 T04 has exactly what it acknowledged, and goes on when there is room (${ballast} bytes taken)`, async () => {
      await small.fill(ballast)
      const path = join(small.path, 'stored')
      const storage = FileStorage.on(small.disk, { path, segmentBytes: 50_000 })
      const acknowledged: string[] = []
      let failure: unknown
      while (failure === undefined) {
        const deliveries = failedDeliveries(3, 'filling', 400)
        await storage.append(deliveries).then(
          () => acknowledged.push(...idsOf(deliveries)),
          (error: unknown) => (failure = error)
        )
      }
      expect(failure).to.be.an.instanceOf(StorageError).and.include({ code: 'SPW_ERR_STORAGE_FULL', retryable: true })
      expect(acknowledged).to.not.be.empty
      expect(idsOf(await entriesIn(storage))).to.deep.equal(acknowledged)
      await small.makeRoom()
      await storage.append(failedDeliveries(1, 'later'))
      expect(await entriesIn(new FileStorage({ path }))).to.have.length(acknowledged.length + 1)
      await storage.remove(await entriesIn(storage))
      await storage.close()
      expect((await readdir(path)).filter(name => name.endsWith('.segment'))).to.deep.equal([])
    })
  }
})
