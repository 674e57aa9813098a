import { Readable } from 'node:stream'
import type { Outcome } from '../delivery/settlement.ts'
import { CutLine } from './cut-line.ts'
import { FileBytes } from './file-bytes.ts'
import type { InputFile } from './input-files.ts'
import { formatOf, type SourceFormat } from './options.ts'
import type { Piece } from './piece.ts'
import type { Place } from './place.ts'
import type { Places } from './places.ts'
import { type Reader, readerFor } from './reader.ts'

/** A line, or a row, that is no record. */
export interface DamagedLine {
  readonly file: string
  readonly line: number
  readonly reason: string
  /** As it stands in the file; of a line that is too long, one part after the other. */
  readonly bytes: Uint8Array
  /** Whether this is the first part, or all, of the line: the one to count. */
  readonly first: boolean
  /** To be called once it is known what became of these bytes. */
  readonly settled: (outcome: Outcome) => void
}

export interface InputSourceOptions {
  readonly files: readonly InputFile[]
  /** @default by each file's name */
  readonly format?: SourceFormat | undefined
  /** Whether a JSON text is given as its value; else as its bytes. */
  readonly parsed: boolean
  readonly maxLineBytes: number
  /** Keeps the place in each file; records then carry it, as `KeptRecord`s. @default it is not kept */
  readonly places?: Places | undefined
  /** Called for each damaged line; nothing more is read until it resolved. */
  onDamaged(damaged: DamagedLine): Promise<void>
}

export interface InputProgress {
  /** Read of the files, packed ones as packed. */
  readonly bytes: number
  /** Of all files together; `undefined` when one of them does not tell. */
  readonly totalBytes: number | undefined
  readonly records: number
}

/**
 * The records of files, one file after the other. It never fails: what cannot be read to its end ends the source, and
 * `failure` says why, so that what was read is still delivered.
 */
export class InputSource extends Readable {
  /** Why it ended before the end of the input. */
  failure: Error | undefined
  readonly #options: InputSourceOptions
  readonly #pieces: AsyncGenerator<readonly Piece[], void>
  #waiting: readonly Piece[] = []
  #next = 0
  #pumping = false
  #stopped = false
  #current:
    | {
        readonly file: InputFile
        readonly reader: Reader
        readonly content: FileBytes
        readonly place: Place | undefined
      }
    | undefined
  #bytes = 0
  #records = 0
  #cut: CutLine | undefined

  constructor(options: InputSourceOptions) {
    super({ objectMode: true, highWaterMark: 256 })
    this.#options = options
    this.#pieces = this.#allPieces()
  }

  progress(): InputProgress {
    const sizes = this.#options.files.map(({ size }) => size)
    const known = sizes.every(size => size !== undefined)
    return {
      bytes: this.#bytes + (this.#current?.content.bytesRead ?? 0),
      totalBytes: known ? sizes.reduce((sum, size) => sum + size, 0) : undefined,
      records: this.#records
    }
  }

  /** Reads no more: what was pushed is still given, then it ends. */
  stop(): void {
    this.#stopped = true
    this.#current?.content.stop()
    if (!this.#pumping) this.#finish()
  }

  override _read(): void {
    if (this.#pumping || this.#stopped) return
    this.#pumping = true
    void this.#pump()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stop()
    callback(error)
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        while (this.#next < this.#waiting.length && !this.#stopped) {
          const record = this.#recordOf(this.#waiting[this.#next++]!)
          if (record instanceof Promise) await record
          else if (record !== undefined && !this.#give(record)) {
            this.#pumping = false
            return
          }
        }
        const { value, done } = this.#stopped ? { value: undefined, done: true } : await this.#pieces.next()
        if (done) break
        this.#waiting = value!
        this.#next = 0
      }
    } catch (error) {
      if (!this.#stopped) this.failure = error as Error
    }
    this.#finish()
  }

  #finish(): void {
    this.#pumping = false
    // It may be in the middle of a file. Whoever keeps the place is told what cannot be read of it then.
    this.#pieces.return().catch(() => undefined)
    if (!this.readableEnded && !this.destroyed) this.push(null)
  }

  #give(record: unknown): boolean {
    this.#records++
    return this.push(record)
  }

  #recordOf(piece: Piece): unknown {
    const { reader, place } = this.#current!
    if (place?.isSettled(piece.textEnd) === true && reader.isReady) return place.pass(piece.end)
    if (piece.cut !== undefined) return this.#damaged(piece, `it has more than ${this.#options.maxLineBytes} bytes`)
    try {
      const record = reader.read(piece.bytes)
      return record === undefined || place === undefined ? record : place.kept(record, piece)
    } catch (error) {
      return this.#damaged(piece, (error as Error).message)
    }
  }

  #damaged(piece: Piece, reason: string): Promise<void> {
    const { file, place } = this.#current!
    const first = this.#cut === undefined
    const { bytes, line, end, cut } = piece
    const whole = (this.#cut ??= new CutLine(place))
    const settled = whole.part(end, cut !== 'more')
    if (cut !== 'more') this.#cut = undefined
    return this.#options.onDamaged({ file: file.name, line, reason, bytes, first, settled })
  }

  async *#allPieces(): AsyncGenerator<readonly Piece[], void> {
    for (const file of this.#options.files) {
      const content = await FileBytes.open(file)
      try {
        yield* this.#piecesOf(file, content)
      } finally {
        await content.file?.close(this.#current?.place?.progress().read ?? 0)
      }
      if (this.#stopped) return
      this.#bytes += content.bytesRead
      this.#current = undefined
    }
  }

  async *#piecesOf(file: InputFile, content: FileBytes): AsyncGenerator<readonly Piece[], void> {
    const { format, parsed, maxLineBytes, places } = this.#options
    const reader = readerFor({ format: format ?? formatOf(file.name), parsed, maxLineBytes })
    const place = await places?.open(file, content.file)
    this.#current = { file, reader, content, place }
    for await (const chunk of chunksOf(file, content)) yield reader.splitter.split(chunk)
    if (!this.#stopped) yield reader.splitter.end()
  }
}

async function* chunksOf({ name }: InputFile, content: FileBytes): AsyncGenerator<Uint8Array, void> {
  try {
    yield* content.chunks()
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException
    throw Object.assign(new Error(`cannot read the input ${name} to its end: ${message}`, { cause }), { code })
  }
}
