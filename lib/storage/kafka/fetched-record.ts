import { ByteReader } from './byte-reader.ts'
import type { FetchedMessage, Header } from './cluster.ts'

/** What the records of a batch have in common. */
export interface Batch {
  readonly isControl: boolean
  readonly inTransaction: boolean
  readonly producerId: string
}

/** A record in the bytes of an answer, which it keeps alive. Its parts are looked up when somebody asks for them. */
export class FetchedRecord implements FetchedMessage {
  readonly offset: number
  readonly timestamp: number | string
  readonly batchContext: Batch
  readonly #bytes: Buffer
  readonly #at: number

  /** `at`: where the length of its key is. */
  constructor(bytes: Buffer, at: number, offset: number, timestamp: number | string, batch: Batch) {
    this.offset = offset
    this.timestamp = timestamp
    this.batchContext = batch
    this.#bytes = bytes
    this.#at = at
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControl
  }

  get key(): Buffer | null {
    const reader = new ByteReader(this.#bytes, this.#at)
    return reader.slice(reader.varint())
  }

  get value(): Buffer | null {
    const reader = this.#atValue()
    return reader.slice(reader.varint())
  }

  get headers(): Readonly<Record<string, Header>> {
    const found = new Map<string, Header>()
    const reader = this.#atHeaders()
    for (let left = reader.varint(); left > 0; left--) {
      const name = String(reader.slice(reader.varint()))
      const value = reader.slice(reader.varint())
      const before = found.get(name)
      found.set(name, before === undefined ? value : ([before, value].flat() as Buffer[]))
    }
    return Object.fromEntries(found)
  }

  /** One of the headers, without making the others. */
  header(name: Buffer): Header | undefined {
    let found: Header | undefined
    const reader = this.#atHeaders()
    for (let left = reader.varint(); left > 0; left--) {
      const isIt = reader.passes(reader.varint(), name)
      const length = reader.varint()
      if (!isIt) reader.skip(length)
      else if (found !== undefined) return this.headers[name.toString()]
      else found = reader.slice(length)
    }
    return found
  }

  #atValue(): ByteReader {
    const reader = new ByteReader(this.#bytes, this.#at)
    reader.skip(reader.varint())
    return reader
  }

  #atHeaders(): ByteReader {
    const reader = this.#atValue()
    reader.skip(reader.varint())
    return reader
  }
}
