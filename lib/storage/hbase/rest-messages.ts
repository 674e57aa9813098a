import { BufferCell } from './buffer-cell.ts'
import { BinaryReader, bufferOf, encoded, eachFieldWithin, writeMessage, writeNumber, writeText } from './protobuf.ts'
import { type Cell, family, type Put, type Removal, type Row, type Swap } from './table.ts'

// The messages of the REST server, the same for what is sent and what comes: rows of cells.

type SentCell = readonly [column: string, value: string | Uint8Array, time?: number | undefined]

export const putsMessage = (puts: readonly Put[]): Uint8Array =>
  rowsMessage(puts.map(({ key, cells, time }) => [key, cells.map(([name, value]) => [columnOf(name), value, time])]))

/** Of a conditional change the last cell is what must be there. */
export const swapMessage = ({ key, qualifier, expected, value, time }: Swap): Uint8Array =>
  rowsMessage([
    [
      key,
      [
        [columnOf(qualifier), value, time],
        [columnOf(qualifier), expected]
      ]
    ]
  ])

// A removal by its address would need a row that is text; this one has the condition that a column which nobody has is not there.
export const removalMessage = ({ key, upTo }: Removal): Uint8Array =>
  rowsMessage([
    [
      key,
      [
        [family, '', upTo],
        [columnOf('none'), '']
      ]
    ]
  ])

const columnOf = (qualifier: string): string => `${family}:${qualifier}`

function rowsMessage(rows: ReadonlyArray<readonly [key: Buffer, cells: readonly SentCell[]]>): Uint8Array {
  return encoded(writer => {
    for (const [key, cells] of rows) {
      writeMessage(writer, 1, () => {
        writeText(writer, 1, key)
        for (const [column, value, time] of cells) {
          writeMessage(writer, 2, () => {
            writeText(writer, 2, column)
            if (time !== undefined) writeNumber(writer, 3, time)
            writeText(writer, 4, value)
          })
        }
      })
    }
  })
}

/** The rows of an answer that has come in whole. */
export function rowsIn(message: Buffer): Row[] {
  const rows: Row[] = []
  for (let at = 0, end = rowEnd(message, 0); end !== undefined; at = end, end = rowEnd(message, at)) {
    rows.push(rowIn(message.subarray(at, end)))
  }
  return rows
}

/**
 * The rows of an answer to a scan, as they come in. It is many messages, each behind its length in two bytes; of a message of more
 * than 64 kB these are only the lower ones, so where one ends is told by what follows as well.
 */
export class RowStream {
  #rest: Buffer = nothing
  /** What the message says of its length, and how much of it was read; nothing between messages. */
  #length: number | undefined
  #read = 0

  /** Those that are complete with this chunk. */
  add(chunk: Buffer): Row[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const rows: Row[] = []
    let at = 0
    for (;;) {
      if (this.#isAtEnd) {
        const starts = startsMessage(bytes, at)
        if (starts === undefined) break
        if (starts) {
          this.#length = bytes.readUInt16BE(at)
          this.#read = 0
          at += 2
        }
      }
      const end = rowEnd(bytes, at)
      if (end === undefined) break
      rows.push(rowIn(bytes.subarray(at, end)))
      this.#read += end - at
      at = end
    }
    this.#rest = bytes.subarray(at)
    return rows
  }

  /** Whether the answer cannot end here. */
  get isCut(): boolean {
    return this.#rest.length > 0 || !this.#isAtEnd
  }

  get #isAtEnd(): boolean {
    return this.#length === undefined || (this.#read > 0 && this.#read % 65_536 === this.#length)
  }
}

/** Whether a message starts here, rather than another row of the last one; `undefined` when too little is there to say. */
function startsMessage(bytes: Buffer, at: number): boolean | undefined {
  const row = at + 2
  const key = row < bytes.length && bytes[row] === rowTag ? varintAt(bytes, row + 1) : undefined
  if (key === undefined) return row < bytes.length && bytes[row] !== rowTag ? false : undefined
  if (key.end >= bytes.length) return undefined
  if (bytes[key.end] !== keyTag) return false
  const length = varintAt(bytes, key.end + 1)
  if (length === undefined || length.end + length.value >= bytes.length) return undefined
  return bytes[length.end + length.value] === cellTag
}

const rowTag = 0x0a
const keyTag = 0x0a
const cellTag = 0x12

function rowEnd(bytes: Buffer, at: number): number | undefined {
  const length = varintAt(bytes, at + 1)
  const end = length === undefined ? Infinity : length.end + length.value
  return end <= bytes.length ? end : undefined
}

// A number in groups of 7 bits, the lowest first; the last one has no eighth bit.
function varintAt(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let i = at, factor = 1; i < bytes.length; i++, factor *= 128) {
    value += (bytes[i]! & 0x7f) * factor
    if (bytes[i]! < 0x80) return { value, end: i + 1 }
  }
  return undefined
}

function rowIn(bytes: Buffer): Row {
  const reader = new BinaryReader(bytes)
  reader.tag()
  let key: Buffer = nothing
  const cells = new Map<string, Cell>()
  eachFieldWithin(reader, field => {
    if (field === 1) key = bufferOf(reader.bytes())
    if (field !== 2) return
    let column = ''
    let value = nothing
    let time = 0
    eachFieldWithin(reader, inner => {
      if (inner === 2) column = bufferOf(reader.bytes()).toString()
      else if (inner === 3) time = Number(reader.int64())
      else if (inner === 4) value = bufferOf(reader.bytes())
    })
    cells.set(column.slice(column.indexOf(':') + 1), new BufferCell(value, time))
  })
  return { key, bytes: bytes.length, cells }
}

const nothing: Buffer = Buffer.alloc(0)
