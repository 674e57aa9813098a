import { frame, line, seal } from '../file/line.ts'
import { type Block, type Damage, scan } from '../file/scan.ts'
import type { Scratch } from '../file/scratch.ts'
import { seedOf } from './file-name.ts'
import type { RemoteFile } from './remote-file.ts'
import type { DataFile } from './survey.ts'

/** A delivery as a line of a data file. */
export interface Row {
  readonly text: string
  readonly bytes: number
  readonly version: number
}

/** The bytes of a file of these lines. */
export function fileOf(rows: readonly Row[], seed: number): Buffer {
  const size = rows.reduce((sum, { bytes }) => sum + bytes + line.overhead, 0)
  const file = Buffer.allocUnsafe(size)
  let start = 0
  for (const { text, bytes } of rows) {
    file.write(text, start + line.head)
    const end = frame(file, start, bytes)
    seal(file, start, end, seed)
    start = end
  }
  return file
}

/** The intact lines of a data file, in blocks. They are only looked at one by one when the file as a whole is not what was written. */
export function linesOf(
  { name }: DataFile,
  remote: RemoteFile,
  onDamage = (_: Damage) => {},
  scratch?: Scratch
): AsyncGenerator<Block> {
  const isIntact = name.crc !== undefined && remote.crc() === name.crc
  return scan(remote, { seed: seedOf(name.base), from: 0, to: remote.length, isIntact }, onDamage, scratch)
}
