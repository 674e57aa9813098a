import { constants, createReadStream, open } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { InputFile } from './input-files.ts'
import { SourceFile } from './source-file.ts'

const chunkBytes = 256 * 1024

/** The bytes of one input, unpacked when its name ends in `.gz`. */
export class FileBytes {
  /** `undefined` for what cannot be read twice. */
  readonly file: SourceFile | undefined
  readonly #isPacked: boolean
  readonly #open: () => Promise<Readable>
  #raw: (Readable & { bytesRead?: number }) | undefined
  #unpacked: Readable | undefined
  #bytes = 0
  #stopped = false

  private constructor(isPacked: boolean, file: SourceFile | undefined, open: () => Promise<Readable>) {
    this.#isPacked = isPacked
    this.file = file
    this.#open = open
  }

  static async open({ name, path, size }: InputFile): Promise<FileBytes> {
    const isPacked = /\.gz$/i.test(name)
    if (path === undefined) return new FileBytes(isPacked, undefined, async () => process.stdin)
    if (size === undefined) return new FileBytes(isPacked, undefined, () => streamOf(path))
    const file = await SourceFile.open(path, isPacked)
    return new FileBytes(isPacked, file, async () => Readable.from(file.chunks(), { objectMode: false }))
  }

  /** Of the file itself, packed or not. */
  get bytesRead(): number {
    return this.file?.bytesRead ?? this.#raw?.bytesRead ?? this.#bytes
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    let isFirst = true
    for await (const chunk of await this.#content()) {
      this.#bytes += chunk.length
      yield isFirst ? withoutMark(chunk) : chunk
      isFirst = false
    }
  }

  /** Ends the reading early. */
  stop(): void {
    this.#stopped = true
    this.file?.stop()
    this.#raw?.destroy()
    this.#unpacked?.destroy()
  }

  // No stream before it is read: the error of one that nobody reads yet would end the process.
  async #content(): Promise<AsyncIterable<Uint8Array>> {
    if (!this.#isPacked && this.file !== undefined) return this.file.chunks()
    const raw = await this.#open()
    this.#raw = raw
    if (this.#stopped) raw.destroy()
    return this.#isPacked ? (this.#unpacked = unpacked(raw)) : raw
  }
}

// A thread that waits in a pipe for its writer cannot be called back, and keeps the process from its end.
async function streamOf(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path, { highWaterMark: chunkBytes })
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

function unpacked(raw: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  raw.once('error', error => gunzip.destroy(error))
  return raw.pipe(gunzip)
}

// A byte order mark is no part of the first record.
function withoutMark(chunk: Uint8Array): Uint8Array {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk
}
