import { exceptionOf, type HBaseFailure, noAnswer } from './failure.ts'
import { rowIn } from './native-row.ts'
import {
  type BinaryReader,
  BinaryWriter,
  eachFieldWithin,
  encoded,
  writeMessage,
  writeNumber,
  writeText
} from './protobuf.ts'
import { eachFieldOf } from './rpc-connection.ts'
import { family, type Put, type Removal, type Row, type Swap } from './table.ts'

// The messages of the service `ClientService`. Longer than most files: there are many, and none has an idea of its own.

/** One change of a `Multi` call, in the region of this name. */
export interface Action {
  readonly region: Buffer
  readonly put?: Put
  readonly removal?: Removal
  readonly swap?: Swap
  /** Asks whether the row has a column `values`. */
  readonly has?: Buffer
}

/** What became of an action: whether it was done or is there, or why not. */
export type ActionResult = boolean | HBaseFailure

const typePut = 2
const typeDelete = 3
const deleteFamily = 2
const equal = 2
const binaryComparator = 'org.apache.hadoop.hbase.filter.BinaryComparator'

/** The actions in groups, one for each region; a swap, which has a condition, is a group of its own. */
export function groupsOf(actions: readonly Action[]): Action[][] {
  const groups: Action[][] = []
  const byRegion = new Map<Buffer, Action[]>()
  for (const action of actions) {
    let group = action.swap === undefined ? byRegion.get(action.region) : undefined
    if (group === undefined) {
      groups.push((group = []))
      if (action.swap === undefined) byRegion.set(action.region, group)
    }
    group.push(action)
  }
  return groups
}

export function multiRequest(groups: readonly Action[][]): Uint8Array {
  const writer = new BinaryWriter()
  for (const group of groups) {
    writeMessage(writer, 1, () => {
      writeRegion(writer, 1, group[0]!.region)
      group.forEach((action, index) =>
        writeMessage(writer, 3, () => {
          writeNumber(writer, 1, index)
          writeAction(writer, action)
        })
      )
      const { swap } = group[0]!
      if (swap !== undefined) writeMessage(writer, 4, () => writeCondition(writer, swap))
    })
  }
  return writer.finish()
}

// Of what an answer does not speak nobody knows whether it was done.
const unanswered = noAnswer('the server gave no answer to a change')

/** The results in the order of the actions, group by group. */
export function multiResults(answer: BinaryReader, groups: readonly Action[][]): ActionResult[][] {
  const results = groups.map(group => group.map((): ActionResult => unanswered))
  let at = 0
  eachFieldOf(answer, field => {
    if (field !== 1 || at === groups.length) return
    const isConditional = groups[at]![0]!.swap !== undefined
    readGroup(answer, results[at++]!, isConditional)
  })
  return results
}

function readGroup(reader: BinaryReader, group: ActionResult[], isConditional: boolean): void {
  let failure: HBaseFailure | undefined
  let processed: boolean | undefined
  eachFieldWithin(reader, field => {
    if (field === 1) readResult(reader, group)
    else if (field === 2) failure = namedException(reader)
    else if (field === 3) processed = reader.bool()
  })
  if (failure !== undefined) group.fill(failure)
  // That a conditional change was heard says not yet that it was made.
  else if (isConditional && (group[0] === true || group[0] === unanswered)) group[0] = processed ?? unanswered
}

function readResult(reader: BinaryReader, group: ActionResult[]): void {
  let index = 0
  let result: ActionResult = true
  eachFieldWithin(reader, field => {
    if (field === 1) index = reader.uint32()
    else if (field === 2) {
      eachFieldWithin(reader, inner => {
        if (inner === 3) result = reader.bool()
      })
    } else if (field === 3) result = namedException(reader)
  })
  if (index < group.length) group[index] = result
}

function namedException(reader: BinaryReader): HBaseFailure {
  let name = ''
  let text = ''
  eachFieldWithin(reader, field => {
    if (field === 1) name = reader.string()
    else if (field === 2) text = reader.string()
  })
  return exceptionOf(name, text)
}

function writeAction(writer: BinaryWriter, { put, removal, swap, has }: Action): void {
  if (has !== undefined) {
    return writeMessage(writer, 3, () => {
      writeText(writer, 1, has)
      writeMessage(writer, 2, () => {
        writeText(writer, 1, family)
        writeText(writer, 2, 'values')
      })
      writeNumber(writer, 10, 1)
    })
  }
  writeMessage(writer, 2, () => {
    if (put !== undefined) writePut(writer, put)
    else if (removal !== undefined) writeRemoval(writer, removal)
    else if (swap !== undefined)
      writePut(writer, { key: swap.key, cells: [[swap.qualifier, swap.value]], time: swap.time })
  })
}

function writePut(writer: BinaryWriter, { key, cells, time }: Put): void {
  writeText(writer, 1, key)
  writeNumber(writer, 2, typePut)
  writeMessage(writer, 3, () => {
    writeText(writer, 1, family)
    for (const [qualifier, value] of cells) {
      writeMessage(writer, 2, () => {
        writeText(writer, 1, qualifier)
        writeText(writer, 2, value)
      })
    }
  })
  if (time !== undefined) writeNumber(writer, 4, time)
}

function writeRemoval(writer: BinaryWriter, { key, upTo }: Removal): void {
  writeText(writer, 1, key)
  writeNumber(writer, 2, typeDelete)
  writeMessage(writer, 3, () => {
    writeText(writer, 1, family)
    writeMessage(writer, 2, () => {
      if (upTo !== undefined) writeNumber(writer, 3, upTo)
      writeNumber(writer, 4, deleteFamily)
    })
  })
}

function writeCondition(writer: BinaryWriter, { key, qualifier, expected }: Swap): void {
  writeText(writer, 1, key)
  writeText(writer, 2, family)
  writeText(writer, 3, qualifier)
  writeNumber(writer, 4, equal)
  writeMessage(writer, 5, () => {
    writeText(writer, 1, binaryComparator)
    const comparator = encoded(inner => writeMessage(inner, 1, () => writeText(inner, 1, expected)))
    writeText(writer, 2, comparator)
  })
}

function writeRegion(writer: BinaryWriter, field: number, name: Buffer): void {
  writeMessage(writer, field, () => {
    writeNumber(writer, 1, 1)
    writeText(writer, 2, name)
  })
}

/** Where a scan of one region begins and ends; `stop` is exclusive, and empty when there is no end. */
export interface RegionScan {
  readonly region: Buffer
  readonly start: Buffer
  readonly includeStart: boolean
  readonly stop: Buffer
  readonly includeStop: boolean
  readonly reversed: boolean
  readonly family: string
  readonly mostBytes: number
  /** A server that expects a long one ends its first answer at 256 KB, and then opens the files anew to read them in one go. */
  readonly isShort: boolean
}

const readType = 23
const positional = 2

export function openScanRequest(scan: RegionScan, rows: number): Uint8Array {
  const writer = new BinaryWriter()
  writeRegion(writer, 1, scan.region)
  writeMessage(writer, 2, () => {
    writeMessage(writer, 1, () => writeText(writer, 1, scan.family))
    writeText(writer, 3, scan.start)
    writeText(writer, 4, scan.stop)
    writeNumber(writer, 10, scan.mostBytes)
    if (scan.reversed) writeNumber(writer, 15, 1)
    writeNumber(writer, 21, scan.includeStart ? 1 : 0)
    writeNumber(writer, 22, scan.includeStop ? 1 : 0)
    if (scan.isShort) writeNumber(writer, readType, positional)
  })
  writeScanOptions(writer, rows)
  return writer.finish()
}

// Without the number of the call, which is there to tell one that was repeated: here a scan goes on with a new scanner instead.
export const nextScanRequest = (scannerId: bigint, rows: number): Uint8Array =>
  encoded(writer => {
    writer.uint32(3 << 3).uint64(scannerId)
    writeScanOptions(writer, rows)
  })

export const closeScanRequest = (scannerId: bigint): Uint8Array =>
  encoded(writer => {
    writer.uint32(3 << 3).uint64(scannerId)
    writeNumber(writer, 4, 0)
    writeNumber(writer, 5, 1)
  })

function writeScanOptions(writer: BinaryWriter, rows: number): void {
  writeNumber(writer, 4, rows)
  // A row may come in parts, and an answer without rows may say that the server is still looking.
  writeNumber(writer, 7, 1)
  writeNumber(writer, 8, 1)
}

export interface ScanAnswer {
  readonly scannerId: bigint
  readonly rows: Row[]
  /** The last row goes on in the next answer. */
  readonly isPartial: boolean
  readonly hasMoreInRegion: boolean
}

export function scanAnswer(answer: BinaryReader): ScanAnswer {
  const rows: Row[] = []
  let scannerId = 0n
  let isPartial = false
  let hasMoreInRegion = true
  eachFieldOf(answer, field => {
    if (field === 2) scannerId = BigInt(answer.uint64())
    else if (field === 3) hasMoreInRegion &&= answer.bool()
    else if (field === 8) hasMoreInRegion &&= answer.bool()
    else if (field === 5) {
      const next = rowIn(answer)
      isPartial = next.isPartial
      if (next.row !== undefined) rows.push(next.row)
    }
  })
  return { scannerId, rows, isPartial, hasMoreInRegion }
}
