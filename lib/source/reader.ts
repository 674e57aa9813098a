import { isUtf8 } from 'node:buffer'
import { csvFields } from './csv-row.ts'
import { CsvSplitter } from './csv-splitter.ts'
import { LineSplitter } from './line-splitter.ts'
import type { Splitter } from './piece.ts'
import type { SourceFormat } from './options.ts'

/** How the pieces of one file become records. */
export interface Reader {
  readonly splitter: Splitter
  /** Whether it can read any piece: a header must be read first. */
  readonly isReady: boolean
  /** The record, or `undefined` for what is none: a blank line, a header. Throws an `Error` that says what is damaged. */
  read(bytes: Uint8Array): unknown
}

export interface ReaderOptions {
  readonly format: SourceFormat
  /** Whether a JSON text is given as its value; else as its bytes, exactly as they stand in the file. */
  readonly parsed: boolean
  readonly maxLineBytes: number
}

/** A reader for one file. */
export function readerFor({ format, parsed, maxLineBytes }: ReaderOptions): Reader {
  if (format === 'csv') return new CsvReader(maxLineBytes)
  const splitter = new LineSplitter(maxLineBytes)
  if (format === 'lines') return { splitter, isReady: true, read: textOf }
  return { splitter, isReady: true, read: parsed ? jsonValue : jsonBytes }
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new SyntaxError('it is not UTF-8')
  return asBuffer(bytes).toString()
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const isBlank = (text: string): boolean => text.trim() === ''

function jsonBytes(bytes: Uint8Array): Uint8Array | undefined {
  const text = textOf(bytes)
  if (isBlank(text)) return undefined
  jsonOf(text)
  return bytes
}

function jsonValue(bytes: Uint8Array): unknown {
  const text = textOf(bytes)
  if (isBlank(text)) return undefined
  const value = jsonOf(text)
  if (value === null) throw new SyntaxError('null is no record')
  return value
}

// Without the parser's message: it quotes the text.
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SyntaxError('it is not JSON', { cause })
  }
}

/** The first row names the columns. Without such names no row is a record: each is damaged, none is lost. */
class CsvReader implements Reader {
  readonly splitter: Splitter
  #columns: readonly string[] | undefined
  #fault: string | undefined

  constructor(maxLineBytes: number) {
    this.splitter = new CsvSplitter(maxLineBytes)
  }

  get isReady(): boolean {
    return this.#columns !== undefined
  }

  read(bytes: Uint8Array): unknown {
    const text = textOf(bytes)
    if (isBlank(text)) return undefined
    if (this.#columns === undefined) return this.#readHeader(text)
    if (this.#fault !== undefined) throw new SyntaxError(this.#fault)
    const fields = csvFields(text)
    const { length } = this.#columns
    if (fields.length !== length) throw new SyntaxError(`it has ${fields.length} columns, the header has ${length}`)
    return Object.fromEntries(fields.map((field, i) => [this.#columns![i]!, field]))
  }

  #readHeader(text: string): undefined {
    this.#columns = []
    this.#fault = 'its header row cannot be read'
    this.#columns = csvFields(text)
    this.#fault = headerFault(this.#columns)
    if (this.#fault !== undefined) throw new SyntaxError(this.#fault)
  }
}

function headerFault(columns: readonly string[]): string | undefined {
  if (columns.includes('')) return 'the header row has a column without a name'
  return new Set(columns).size < columns.length ? 'the header row has two columns of one name' : undefined
}
