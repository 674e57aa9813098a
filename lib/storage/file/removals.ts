import { join } from 'node:path'
import { Cells } from './cells.ts'
import { jsonIn } from '../json-in.ts'
import { codeOf } from './failure.ts'
import type { Disk, DiskFile } from './disk.ts'
import { headerBytes, headerIn } from './file-header.ts'
import { line } from './line.ts'
import { type Range, Ranges } from './ranges.ts'
import { scan } from './scan.ts'

export const removalsFile = 'removals.log'
/** The removal log while it is written anew. */
export const newRemovalsFile = 'removals.log.new'

/** A line of the removal log. Each says what stays true for ever, so that it may be there twice, or too late. */
export type Removal =
  /** Entries that are gone, by the cells that they start in. */
  | { readonly segment: string; readonly cells: readonly number[] }
  /** What is beyond this offset was never acknowledged, or was written again elsewhere. */
  | { readonly segment: string; readonly end: number }
  /** Segments that were deleted, by their place in the order. */
  | { readonly dropped: readonly Range[] }

/** What the removal log says. */
export class Removals {
  readonly dropped = new Ranges()
  /** Segments that end before their file does. */
  readonly ends = new Map<string, number>()
  /** How many bytes the log has. */
  bytes = 0
  /** Whether more can be appended to it as it is. */
  isWhole = false
  readonly #cells = new Map<string, Cells>()

  cellsOf(segment: string): Cells {
    const cells = this.#cells.get(segment) ?? new Cells()
    this.#cells.set(segment, cells)
    return cells
  }

  add(removal: Removal): void {
    if ('dropped' in removal) for (const range of removal.dropped) this.dropped.add(range)
    else if ('end' in removal) this.ends.set(removal.segment, removal.end)
    else {
      const cells = this.cellsOf(removal.segment)
      for (const cell of removal.cells) cells.add(cell)
    }
  }
}

// More than any segment can have: 64 GiB of it.
const mostCells = 2 ** 30

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCell = (value: unknown): boolean => isWhole(value) && value < mostCells
const isRange = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isWhole) && value[0]! <= value[1]!

/** What a line says; `undefined` when that is nothing which this release writes. */
function parseRemoval(json: string): Removal | undefined {
  const { segment, cells, end, dropped } = (jsonIn(json) ?? {}) as Record<string, unknown>
  if (Array.isArray(dropped) && dropped.every(isRange)) return { dropped: dropped as Range[] }
  if (typeof segment !== 'string') return undefined
  if (Array.isArray(cells) && cells.every(isCell)) return { segment, cells: cells as number[] }
  return isWhole(end) ? { segment, end } : undefined
}

/** Reads the removal log of a folder. Where a part of it is damaged or missing, entries come back; nothing is lost. */
export async function readRemovals(disk: Disk, folder: string): Promise<Removals> {
  const removals = new Removals()
  const path = join(folder, removalsFile)
  const file = await disk.openForReading(path).catch((cause: unknown) => {
    if (codeOf(cause) !== 'ENOENT') throw cause
    return undefined
  })
  if (file === undefined) return removals
  try {
    await readInto(removals, file, path)
  } finally {
    await file.close()
  }
  return removals
}

async function readInto(removals: Removals, file: DiskFile, path: string): Promise<void> {
  const bytes = await file.size()
  const first = Buffer.alloc(Math.min(bytes, headerBytes))
  await file.read(first, 0, first.length, 0)
  const from = headerIn(first, path)?.length ?? 0
  removals.bytes = bytes
  removals.isWhole = from > 0
  const onDamage = (): void => void (removals.isWhole = false)
  for await (const block of scan(file, { seed: 0, from, to: bytes }, onDamage)) {
    for (let i = 0; i < block.lines.length; i += 2) {
      const removal = parseRemoval(block.bytes.toString('utf8', block.lines[i]! + line.head, block.lines[i + 1]))
      if (removal === undefined) onDamage()
      else removals.add(removal)
    }
  }
}
