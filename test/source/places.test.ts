import { renameSync, writeFileSync } from 'node:fs'
import { appendFile, mkdir, readdir, readlink, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Outcome } from '../../lib/delivery/settlement.ts'
import type { KeptRecord } from '../../lib/journal/kept-record.ts'
import { inputFiles } from '../../lib/source/input-files.ts'
import { InputSource } from '../../lib/source/input-source.ts'
import { Places, type PlacesOptions } from '../../lib/source/places.ts'
import { FaultyDisk } from '../storage/file/faulty-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/waiting.ts'

describe('Places', () => {
  const folder = temporaryFolder()

  interface Run {
    readonly source: InputSource
    readonly places: Places
    readonly given: KeptRecord[]
  }

  /** Reads a file to its end; nothing is settled yet. */
  async function read(path: string, options: Partial<PlacesOptions> = {}, disk?: FaultyDisk): Promise<Run> {
    const places = new Places(
      {
        folder: `${path}-journal`,
        destination: 'there',
        anew: false,
        notify: () => {},
        warn: () => {},
        ...options
      },
      disk
    )
    const source = new InputSource({
      files: await inputFiles(path),
      format: 'lines',
      parsed: false,
      maxLineBytes: 1_024,
      places,
      onDamaged: async () => {}
    })
    const given: KeptRecord[] = []
    for await (const record of source) given.push(record as KeptRecord)
    expect(source.failure).to.equal(undefined)
    return { source, places, given }
  }

  const textsOf = ({ given }: Run): unknown[] => given.map(({ record }) => record)

  function settle({ given }: Run, outcome: Outcome = 'delivered'): void {
    for (const record of given) record.settled(outcome)
  }

  async function over(run: Run): Promise<unknown[]> {
    settle(run)
    await run.places.close()
    return textsOf(run)
  }

  /** How often a place was put where the next run finds it. */
  const writings = (disk: FaultyDisk): number => disk.count('syncFolder', 'places')

  const lines = (name: string, count: number): string =>
    Array.from({ length: count }, (_, i) => `${name} ${i}\n`).join('')

  function input(content: string): string {
    const path = `${folder()}.log`
    writeFileSync(path, content)
    return path
  }

  it('knows a log again by what was read of it, not by what its name stands for by now', async () => {
    const path = input(lines('old', 5))
    const first = await read(path)
    await rename(path, `${path}.1`)
    await writeFile(path, lines('new', 9))
    await over(first)
    expect(textsOf(await read(path))).to.deep.equal(lines('new', 9).trimEnd().split('\n'))
  })

  it('reads the very file that it knew again', async () => {
    const path = input(lines('old', 5))
    await over(await read(path))
    const rotate = (): void => {
      renameSync(path, `${path}.1`)
      writeFileSync(path, lines('new', 9))
    }
    expect(await over(await read(path, { notify: rotate }))).to.deep.equal([])
    expect(textsOf(await read(path))).to.have.lengthOf(9)
  })

  for (const rows of [2, 5, 9]) {
    it(`passes over nothing of a log that was emptied after it was read, and has ${rows} new lines`, async () => {
      const path = input(lines('old', 5))
      const first = await read(path)
      await truncate(path)
      await appendFile(path, lines('new', rows))
      await over(first)
      expect(textsOf(await read(path))).to.have.lengthOf(rows)
    })
  }

  it('gives no record again whose newline came later', async () => {
    for (const end of ['\n', '\r\n']) {
      const path = input(`one${end}two`)
      await over(await read(path))
      await appendFile(path, `${end}three${end}`)
      expect(await over(await read(path))).to.deep.equal(['three'])
    }
  })

  it('gives a line again that has grown, as another record', async () => {
    const path = input('one\nhalf')
    const first = await read(path)
    await over(first)
    await appendFile(path, ' a line\n')
    const second = await read(path)
    expect(textsOf(second)).to.deep.equal(['half a line'])
    expect(second.given[0]!.id).to.not.equal(first.given[1]!.id)
    settle(second, 'abandoned')
    await second.places.close()
    const third = await read(path)
    expect(third.given.map(({ id }) => id)).to.deep.equal([second.given[0]!.id])
  })

  it('writes also what is settled while it writes, without waiting for more', async () => {
    const path = input(lines('a', 2))
    let syncing = false
    let go = (): void => {}
    const disk = new FaultyDisk()
    const run = await read(path, {}, disk)
    const before = writings(disk)
    disk.fault = async call => {
      if (call !== 'sync' || syncing) return
      syncing = true
      await new Promise<void>(resolve => (go = resolve))
    }
    run.given[0]!.settled('delivered')
    await until(() => syncing)
    run.given[1]!.settled('delivered')
    go()
    await until(() => writings(disk) > before + 1)
    // As after a kill: it was never closed.
    expect(textsOf(await read(path))).to.deep.equal([])
  })

  it('goes on with a place when an earlier writing of it failed, without waiting for more', async () => {
    const path = input(lines('a', 2))
    const disk = new FaultyDisk()
    const run = await read(path, {}, disk)
    const before = writings(disk)
    let failures = 0
    disk.fault = call => {
      if (call === 'sync' && failures++ === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    }
    settle(run)
    await until(() => writings(disk) > before)
    expect(failures).to.be.above(1)
    expect(textsOf(await read(path))).to.deep.equal([])
  })

  it('keeps no file open that was read', async () => {
    const path = folder()
    await mkdir(path)
    for (let i = 0; i < 20; i++) await writeFile(join(path, `${i}.log`), lines('a', 1))
    const run = await read(path)
    const descriptors = await readdir('/proc/self/fd')
    const targets = await Promise.all(descriptors.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    expect(targets.filter(target => target.startsWith(path))).to.deep.equal([])
    expect(await over(run)).to.have.lengthOf(20)
  })
})
