import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { InputFile } from './input-files.ts'

const chunkBytes = 256 * 1024

/** The bytes of one input, unpacked when its name ends in `.gz`. */
export class FileBytes {
  readonly #raw: Readable & { bytesRead?: number }
  readonly #unpacked: Readable
  #bytes = 0

  constructor({ name, path }: InputFile) {
    this.#raw = path === undefined ? process.stdin : createReadStream(path, { highWaterMark: chunkBytes })
    this.#unpacked = /\.gz$/i.test(name) ? unpacked(this.#raw) : this.#raw
  }

  /** Of the file itself, packed or not. */
  get bytesRead(): number {
    return this.#raw.bytesRead ?? this.#bytes
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    let isFirst = true
    for await (const chunk of this.#unpacked as AsyncIterable<Uint8Array>) {
      this.#bytes += chunk.length
      yield isFirst ? withoutMark(chunk) : chunk
      isFirst = false
    }
  }

  /** Ends the reading early. */
  stop(): void {
    this.#raw.destroy()
    this.#unpacked.destroy()
  }
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
