import { expect } from 'chai'
import { recordsOf } from '../../../lib/storage/envelope.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { headerIn } from '../../../lib/storage/file/file-header.ts'
import { claimedLength, line } from '../../../lib/storage/file/line.ts'
import { entriesIn } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { SimulatedDisk } from '../../storage/file/simulated-disk.ts'
import { FolderInMemory } from '../support/folder-in-memory.ts'
import { isLong, Machine } from '../support/machine.ts'
import { deliveryOf, recordOf } from '../support/testimony.ts'

const segmentBytes = 64 * 1024
const share = 20

/** What a storage wrote: a segment of 64 KiB, and the log of what was removed of it. */
interface Written {
  readonly segment: string
  readonly bytes: Buffer
  readonly log: Buffer
  /** Where each line starts, the header's first, and where the last one ends. */
  readonly starts: readonly number[]
  /** The ids in the lines, in their order. */
  readonly ids: readonly string[]
  readonly removed: ReadonlySet<string>
}

async function written(): Promise<Written> {
  const disk = new SimulatedDisk()
  const storage = FileStorage.on(disk, { path: '/corrupted' })
  const ids: string[] = []
  const fileOf = (end: string): [string, Buffer] => [...disk.contents()].find(([path]) => path.endsWith(end))!
  for (let bytes = 0; bytes < segmentBytes - 1_600; bytes = fileOf('.segment')[1].length) {
    ids.push(`id-${ids.length}`)
    await storage.append([deliveryOf(ids.at(-1)!)])
  }
  const entries = (await entriesIn(storage, { claim: true })).filter((_entry, i) => i % 3 === 1)
  for (const entry of entries) await storage.remove([entry])
  await storage.close()
  const [path, bytes] = fileOf('.segment')
  const starts = [0]
  while (starts.at(-1)! < bytes.length)
    starts.push(starts.at(-1)! + line.overhead + claimedLength(bytes, starts.at(-1)!))
  const removed = new Set(entries.map(({ id }) => id))
  return { segment: path.slice('/corrupted/'.length), bytes, log: fileOf('removals.log')[1], starts, ids, removed }
}

/** What is read of a folder; throws when a record is not what was written. */
async function idsIn(disk: FolderInMemory): Promise<string[]> {
  const ids: string[] = []
  for await (const { id, envelope } of FileStorage.on(disk, { path: disk.path }).read()) {
    if (recordsOf(envelope)[0] !== recordOf(id)) throw new Error(`${id} has another record`)
    ids.push(id)
  }
  return ids
}

describe('corruption', () => {
  const notices = damageNotices()
  let what: Written

  before(async () => {
    what = await written()
    expect(what.bytes.length).to.be.within(segmentBytes - 1_600, segmentBytes)
    expect(headerIn(what.bytes, '')?.length).to.equal(what.starts[1])
  })

  /** Positions below `limit`: in the long tier all, else one of every `share`. */
  function positions(limit: number, seed: number): number[] {
    if (isLong) return Array.from({ length: limit }, (_, i) => i)
    const chance = seededRandom(seed)
    return Array.from({ length: Math.floor(limit / share) }, (_, i) => share * i + Math.floor(chance() * share))
  }

  const lineAt = (offset: number): number => what.starts.findLastIndex(start => start <= offset)
  const expected = (without = -1): string[] => what.ids.filter((id, i) => !what.removed.has(id) && i !== without)

  it('T15 corruption, a flipped bit in a segment: loses its line at most, gives no wrong record, and says so', async function () {
    this.timeout(3_600_000)
    const machine = new Machine('corruption, a flipped bit in a segment', import.meta.url)
    const bits = positions(what.bytes.length * 8, machine.seed)
    const bytes = Buffer.from(what.bytes)
    const disk = new FolderInMemory(
      new Map([
        [what.segment, bytes],
        ['removals.log', what.log]
      ])
    )
    let linesLost = 0
    await machine.each(bits.length, async index => {
      const bit = bits[index]!
      notices.length = 0
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      const ids = await idsIn(disk).finally(() => (bytes[bit >> 3]! ^= 1 << (bit & 7)))
      // The header's line has no entry.
      const hit = lineAt(bit >> 3) - 1
      if (ids.join() !== expected(hit).join()) throw new Error(`bit ${bit} of line ${hit}: ${ids.join()}`)
      if (notices.length !== 1) throw new Error(`bit ${bit} of line ${hit}: reported ${notices.length} times`)
      if (hit >= 0 && !what.removed.has(what.ids[hit]!)) linesLost++
    })
    machine.tell({ 'bits flipped': bits.length, 'lines lost and reported': linesLost })
  })

  it('T13 corruption, a cut segment: gives every whole line before the cut', async function () {
    this.timeout(3_600_000)
    const machine = new Machine('corruption, a cut segment', import.meta.url)
    const cuts = positions(what.bytes.length, machine.seed)
    const files = new Map([['removals.log', what.log]])
    await machine.each(cuts.length, async index => {
      const cut = cuts[index]!
      files.set(what.segment, what.bytes.subarray(0, cut))
      const whole = what.starts.findLastIndex(start => start <= cut) - 1
      const ids = await idsIn(new FolderInMemory(files))
      const wanted = what.ids.slice(0, Math.max(0, whole)).filter(id => !what.removed.has(id))
      if (ids.join() !== wanted.join()) throw new Error(`cut at ${cut}: ${ids.join()}`)
    })
    machine.tell({ cuts: cuts.length })
  })

  it('T15 corruption, a flipped bit in the removal log: loses no entry', async function () {
    this.timeout(3_600_000)
    const machine = new Machine('corruption, a flipped bit in the removal log', import.meta.url)
    const bits = positions(what.log.length * 8, machine.seed)
    const log = Buffer.from(what.log)
    const disk = new FolderInMemory(
      new Map([
        [what.segment, what.bytes],
        ['removals.log', log]
      ])
    )
    const kept = expected()
    let back = 0
    await machine.each(bits.length, async index => {
      const bit = bits[index]!
      log[bit >> 3]! ^= 1 << (bit & 7)
      const ids = await idsIn(disk).finally(() => (log[bit >> 3]! ^= 1 << (bit & 7)))
      back += ids.length - kept.length
      const lost = kept.filter(id => !ids.includes(id))
      if (lost.length > 0) throw new Error(`bit ${bit}: ${lost.join()} are lost`)
      if (ids.length > kept.length + 1) throw new Error(`bit ${bit}: ${ids.length - kept.length} came back`)
    })
    machine.tell({ 'bits flipped': bits.length, 'removed entries that came back': back })
  })

  it('T13 T26 corruption, opened for writing: goes on after a cut or a flipped bit, and keeps the damaged part aside', async function () {
    this.timeout(3_600_000)
    const machine = new Machine('corruption, opened for writing', import.meta.url)
    const cases = machine.cases(200, 20_000)
    await machine.each(cases, async index => {
      const chance = seededRandom(machine.seedOf(index))
      const disk = new SimulatedDisk()
      const bytes = Buffer.from(what.bytes)
      const at = Math.floor(chance() * bytes.length)
      const isCut = chance() < 0.5
      if (!isCut) bytes[at]! ^= 1 << Math.floor(chance() * 8)
      disk.put(`/corrupted/${what.segment}`, isCut ? bytes.subarray(0, at) : bytes)
      disk.put('/corrupted/removals.log', what.log)
      const hit = lineAt(at) - 1
      const wanted = expected(isCut ? -1 : hit).filter(id => !isCut || what.ids.indexOf(id) < hit)
      for (const more of ['more-1', 'more-2']) {
        const storage = FileStorage.on(disk, { path: '/corrupted' })
        await storage.append([deliveryOf(more)])
        wanted.push(more)
        const ids = (await entriesIn(storage, { claim: true })).map(({ id }) => id)
        await storage.close()
        if (ids.join() !== wanted.join()) throw new Error(`${isCut ? 'cut' : 'flipped'} at ${at}: ${ids.join()}`)
      }
      const aside = [...disk.contents().keys()].filter(path => path.endsWith('.damaged')).length
      if (!isCut && aside !== 1) throw new Error(`flipped at ${at}: ${aside} parts kept aside`)
    })
    machine.tell({ 'folders opened': cases })
  })
})
