import { storageErrorOf } from './failure.ts'
import { type BinaryReader, bufferOf, eachFieldWithin, numberIn, passOver } from './protobuf.ts'
import type { Cell, Cells, Row } from './table.ts'

/**
 * A row as it stands in an answer. Its cells are read when somebody looks at them: to find what comes behind a page of rows only
 * their keys are needed, so the server is at work on the next page before this one is read.
 */
export class NativeRow implements Row {
  readonly key: Buffer
  readonly bytes: number
  readonly #answer: BinaryReader
  readonly #start: number
  #cells: NativeCells | undefined

  constructor(key: Buffer, answer: BinaryReader, start: number) {
    this.key = key
    this.bytes = answer.pos - start
    this.#answer = answer
    this.#start = start
  }

  /** Throws a `StorageError` when they cannot be read. */
  get cells(): NativeCells {
    return (this.#cells ??= this.#read())
  }

  #read(): NativeCells {
    const answer = this.#answer
    const cells: NativeCell[] = []
    answer.pos = this.#start
    try {
      eachFieldWithin(answer, field => {
        if (field === 1) cells.push(cellIn(answer))
      })
    } catch (cause) {
      throw storageErrorOf('read a row', cause)
    }
    return new NativeCells(cells)
  }
}

/** A few cells: to look through them takes less than to make a `Map` for every row. */
class NativeCells implements Cells {
  readonly #cells: readonly NativeCell[]

  constructor(cells: readonly NativeCell[]) {
    this.#cells = cells
  }

  get(qualifier: string): Cell | undefined {
    for (const cell of this.#cells) if (cell.qualifier === qualifier) return cell
    return undefined
  }

  has(qualifier: string): boolean {
    return this.get(qualifier) !== undefined
  }

  *[Symbol.iterator](): Generator<[string, Cell]> {
    for (const cell of this.#cells) yield [cell.qualifier, cell]
  }
}

/** Knows where its value is. A view of it takes longer to make than the text that most want. */
class NativeCell implements Cell {
  readonly qualifier: string
  readonly time: number
  readonly #frame: Buffer
  readonly #from: number
  readonly #to: number

  constructor(qualifier: string, time: number, frame: Buffer, from: number, to: number) {
    this.qualifier = qualifier
    this.time = time
    this.#frame = frame
    this.#from = from
    this.#to = to
  }

  get value(): Buffer {
    return this.#frame.subarray(this.#from, this.#to)
  }

  get text(): string {
    return this.#frame.toString('utf8', this.#from, this.#to)
  }
}

/** The row that an answer goes on with; whether it goes on in the next answer. No row when it has no cell. */
export function rowIn(answer: BinaryReader): { readonly row: NativeRow | undefined; readonly isPartial: boolean } {
  const start = answer.pos
  let key: Buffer | undefined
  let isPartial = false
  eachFieldWithin(answer, field => {
    if (field === 5) isPartial = answer.bool()
    else if (field === 1 && key === undefined) key = keyIn(answer)
  })
  return { row: key === undefined ? undefined : new NativeRow(key, answer, start), isPartial }
}

function keyIn(answer: BinaryReader): Buffer | undefined {
  let key: Buffer | undefined
  eachFieldWithin(answer, field => {
    if (field === 1) key = bufferOf(answer.bytes())
  })
  return key
}

function cellIn(answer: BinaryReader): NativeCell {
  let qualifier = ''
  let time = 0
  let from = 0
  let to = 0
  eachFieldWithin(answer, field => {
    if (field === 3) qualifier = answer.string()
    else if (field === 4) time = numberIn(answer)
    else if (field === 6) {
      const length = passOver(answer)
      to = answer.pos
      from = to - length
    }
  })
  return new NativeCell(qualifier, time, answer.frame, from, to)
}
