import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { Disk, DiskFile, FolderItem } from './disk.ts'
import { tellOfDamage } from './damage-notice.ts'
import { codeOf } from './failure.ts'
import { headerBytes, headerIn } from './file-header.ts'
import { keyIn } from './key.ts'
import { line } from './line.ts'
import { lockPrefix } from './lock-file.ts'
import { type Range, Ranges } from './ranges.ts'
import { RecentKeys } from './recent-keys.ts'
import { newRemovalsFile, readRemovals, Removals, removalsFile } from './removals.ts'
import { type Block, type Damage, scan } from './scan.ts'
import { Segment } from './segment.ts'
import { segmentIdIn } from './segment-id.ts'

/** Keys that may be appended again are those of so many last segments. */
export const segmentsOfEarlier = 2

/** What is in the folder of a storage, as far as it is kept in memory: no ids but those that are there in versions. */
export class Folder {
  readonly disk: Disk
  readonly path: string
  readonly removals: Removals
  readonly #segments = new Map<string, Segment>()
  /** Ids that were stored again: the newest version of each. */
  readonly newest = new Map<string, number>()
  /** What was appended last since it was opened. */
  readonly recent = new RecentKeys()
  /** What was appended last before that. */
  readonly earlier = new RecentKeys()
  /** Files that are not of this storage. They are left alone. */
  readonly foreign: string[] = []
  /** Damaged parts that were kept aside. */
  keptAside = 0
  /** Segments that should be there, by their place in the order. */
  missing: readonly Range[] = []

  constructor(disk: Disk, path: string, removals = new Removals()) {
    this.disk = disk
    this.path = path
    this.removals = removals
  }

  /** In their order. */
  get segments(): Segment[] {
    return [...this.#segments.values()]
  }

  get nextSequence(): number {
    return Math.max(this.removals.dropped.last, this.segments.at(-1)?.sequence ?? 0) + 1
  }

  segment(id: string): Segment | undefined {
    return this.#segments.get(id)
  }

  add(segment: Segment): void {
    this.#segments.set(segment.id, segment)
  }

  drop(segment: Segment): void {
    this.#segments.delete(segment.id)
    this.removals.ends.delete(segment.id)
  }

  /** Whether this version of the id, or a later one, is there. Of keys that were appended long ago nothing is known. */
  knows(id: string, version: number): boolean {
    return this.isRecent(id, version) || this.earlier.version(id) >= version || (this.newest.get(id) ?? 0) >= version
  }

  /** Whether it was appended since the folder was opened, not long ago. */
  isRecent(id: string, version: number): boolean {
    return this.recent.version(id) >= version
  }

  /** Whether a later version of the id is there. */
  isSuperseded(id: string, version: number): boolean {
    return this.newest.size > 0 && (this.newest.get(id) ?? 0) > version
  }

  added(id: string, version: number): void {
    if (version > 1 && (this.newest.get(id) ?? 0) < version) this.newest.set(id, version)
  }

  forget(id: string, version: number): void {
    if (this.newest.get(id) === version) this.newest.delete(id)
    for (const keys of [this.recent, this.earlier]) if (keys.version(id) <= version) keys.delete(id)
  }

  found(segment: Segment, damage: Damage, reason = 'a damaged part was passed over'): void {
    if (segment.damage.has(damage.offset)) return
    segment.damage.set(damage.offset, damage)
    segment.isKeptAside = false
    const { path, id } = segment
    tellOfDamage({
      what: 'damaged',
      path,
      segment: id,
      bytes: damage.bytes,
      reason: `${reason} (${damage.bytes} bytes at ${damage.offset})`
    })
  }
}

/**
 * Reads a folder from its beginning to its end. It changes nothing and may run while another process writes there.
 * Throws `SPW_ERR_STORAGE` when a later release wrote there.
 */
export async function loadFolder(disk: Disk, path: string): Promise<Folder> {
  // The log is read after the list: whoever deletes a segment says so in the log first.
  const items = await disk.list(path)
  const folder = new Folder(disk, path, await readRemovals(disk, path))
  const ids = sortedOut(folder, items)
  for (const [index, id] of ids.entries()) {
    const segment = new Segment(path, id, folder.removals.cellsOf(id))
    if (await loadSegment(folder, segment, ids.length - index)) folder.add(segment)
  }
  for (const id of folder.removals.ends.keys()) if (folder.segment(id) === undefined) folder.removals.ends.delete(id)
  tellOfMissing(folder)
  return folder
}

const isOwn = (name: string): boolean =>
  name === removalsFile || name === newRemovalsFile || name.startsWith(lockPrefix)
const keptAsideFile = /^\d{10}-[0-9a-f]{8}\.\d+\.damaged$/

function sortedOut(folder: Folder, items: readonly FolderItem[]): string[] {
  const ids: string[] = []
  for (const { name, kind } of items) {
    const id = segmentIdIn(name)
    if (id !== undefined) ids.push(kind === 'file' ? id : notAFile(join(folder.path, name)))
    else if (keptAsideFile.test(name)) folder.keptAside++
    else if (kind !== 'folder' && !isOwn(name)) foreign(folder, name, 'nobody reads it')
  }
  return ids.sort()
}

function notAFile(path: string): never {
  const message = `Cannot read ${path}: it is no file. Symbolic links are not followed.`
  throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false })
}

function foreign(folder: Folder, name: string, reason: string): void {
  folder.foreign.push(name)
  tellOfDamage({ what: 'foreign', path: join(folder.path, name), reason: `${reason}, it is left alone` })
}

/** Returns whether it belongs to this storage. */
async function loadSegment(folder: Folder, segment: Segment, fromLast: number): Promise<boolean> {
  const file = await folder.disk.openForReading(segment.path).catch((cause: unknown) => {
    // Deleted since the folder was listed: all its entries were removed.
    if (codeOf(cause) !== 'ENOENT') throw cause
    return undefined
  })
  if (file === undefined) {
    folder.removals.dropped.add([segment.sequence, segment.sequence])
    return false
  }
  try {
    return await judge(folder, segment, file, fromLast)
  } finally {
    await file.close()
  }
}

async function judge(folder: Folder, segment: Segment, file: DiskFile, fromLast: number): Promise<boolean> {
  const size = await file.size()
  const to = Math.min(size, folder.removals.ends.get(segment.id) ?? size)
  const first = Buffer.alloc(Math.min(to, headerBytes))
  await file.read(first, 0, first.length, 0)
  const found = headerIn(first, segment.path)
  if (found !== undefined && found.header.segment !== segment.id) {
    foreign(folder, `${segment.id}.segment`, `a copy of segment ${String(found.header.segment)} under another name`)
    return false
  }
  segment.start = found?.length ?? 0
  const damages: Damage[] = []
  const notBelow = fromLast <= segmentsOfEarlier ? 1 : 2
  const extent = { seed: segment.seed, from: segment.start, to }
  for await (const block of scan(file, extent, damage => damages.push(damage))) index(folder, segment, block, notBelow)
  segment.end = to
  for (const damage of damages) await note(folder, segment, file, damage, fromLast === 1)
  return true
}

function index(folder: Folder, segment: Segment, block: Block, notBelow: number): void {
  const { base, lines } = block
  for (let i = 0; i < lines.length; i += 2) {
    const start = lines[i]!
    if (segment.isRemoved(base + start)) {
      segment.gone++
      continue
    }
    segment.live++
    const key = keyIn(block, start + line.head, lines[i + 1]!, notBelow)
    if (key === undefined) continue
    folder.added(key.id, key.version)
    folder.earlier.set(key.id, key.version)
  }
}

// What a crash leaves at the end of the last segment was never acknowledged, and zeros hold nothing: that is no damage.
async function note(folder: Folder, segment: Segment, file: DiskFile, damage: Damage, isLast: boolean): Promise<void> {
  const { offset, bytes, torn } = damage
  const isAtEnd = offset + bytes === segment.end
  if (isAtEnd && ((torn && isLast) || (await isZero(file, damage)))) segment.end = offset
  else folder.found(segment, damage)
}

async function isZero(file: DiskFile, { offset, bytes }: Damage): Promise<boolean> {
  const chunk = Buffer.alloc(Math.min(bytes, 64 * 1024))
  for (let at = 0; at < bytes;) {
    const read = await file.read(chunk, 0, Math.min(chunk.length, bytes - at), offset + at)
    if (read === 0) return true
    if (chunk.subarray(0, read).some(byte => byte !== 0)) return false
    at += read
  }
  return true
}

function tellOfMissing(folder: Folder): void {
  const known = new Ranges()
  for (const range of folder.removals.dropped.all) known.add(range)
  for (const { sequence } of folder.segments) known.add([sequence, sequence])
  folder.missing = known.gaps()
  for (const [from, to] of folder.missing) {
    const reason = from === to ? `segment ${from} is missing` : `segments ${from} to ${to} are missing`
    tellOfDamage({ what: 'missing', path: folder.path, reason })
  }
}
