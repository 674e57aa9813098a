import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Fingerprint } from './place-file.ts'

const chunkBytes = 256 * 1024
// Bytes of the head, and of the tail before the place.
const headBytes = 64 * 1024
const tailBytes = 4 * 1024

/**
 * A file of the input, open once: it is read and known again by one handle, since its name may stand for another file at any
 * time. What was read of its head is what it is known by, so that nothing that took its place, within it either, is taken for
 * it.
 */
export class SourceFile {
  readonly #handle: FileHandle
  readonly #isPacked: boolean
  readonly #head = createHash('sha256')
  #hashed = 0
  #bytesRead = 0
  #stopped = false
  /** Of the file as it was left. */
  #last: Promise<Fingerprint> | undefined

  private constructor(handle: FileHandle, isPacked: boolean) {
    this.#handle = handle
    this.#isPacked = isPacked
  }

  /** `isPacked`: places in it are no places in its bytes. */
  static async open(path: string, isPacked: boolean): Promise<SourceFile> {
    return new SourceFile(await open(path), isPacked)
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Its bytes, from the first on. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    while (!this.#stopped) {
      // A buffer for each: records are views of it.
      const chunk = await this.#at(this.#bytesRead, Buffer.allocUnsafeSlow(chunkBytes))
      if (chunk.length === 0) return
      this.#bytesRead += chunk.length
      this.#takeHead(chunk)
      yield chunk
    }
  }

  stop(): void {
    this.#stopped = true
  }

  /** By what it is known again. `at` is a place in it, up to which it was read. */
  fingerprint(at: number): Promise<Fingerprint> {
    return this.#last ?? this.#fingerprint(at)
  }

  /** Whether it is the file that had this fingerprint, perhaps with more at its end. */
  async isSame({ head, tail, size }: Fingerprint): Promise<boolean> {
    if ((await this.#size()) < size || (await this.#digest(0, head[0])) !== head[1]) return false
    return tail === undefined || (await this.#digest(tail[0] - tailBytes, tail[0])) === tail[1]
  }

  /** Nothing is read any more, and its place stays there. */
  async close(at: number): Promise<void> {
    this.#last ??= this.#fingerprint(at).finally(() => this.#handle.close())
    await this.#last
  }

  async #fingerprint(at: number): Promise<Fingerprint> {
    const head = this.#hashed === 0 ? await this.#headBefore() : this.#headRead
    const start = { head, size: await this.#size() }
    return this.#isPacked ? start : { ...start, tail: [at, await this.#digest(at - tailBytes, at)] }
  }

  get #headRead(): Fingerprint['head'] {
    return [this.#hashed, this.#head.copy().digest('base64url')]
  }

  // Ids are given out by it before anything was read.
  async #headBefore(): Promise<Fingerprint['head']> {
    const bytes = await this.#at(0, Buffer.alloc(headBytes))
    return [bytes.length, createHash('sha256').update(bytes).digest('base64url')]
  }

  #takeHead(chunk: Buffer): void {
    if (this.#hashed >= headBytes) return
    const part = chunk.subarray(0, headBytes - this.#hashed)
    this.#head.update(part)
    this.#hashed += part.length
  }

  async #size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async #digest(from: number, to: number): Promise<string> {
    const start = Math.max(0, from)
    return createHash('sha256')
      .update(await this.#at(start, Buffer.alloc(to - start)))
      .digest('base64url')
  }

  async #at(position: number, into: Buffer): Promise<Buffer> {
    const { bytesRead } = await this.#handle.read(into, 0, into.length, position)
    return into.subarray(0, bytesRead)
  }
}
