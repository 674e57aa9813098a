import { frame, line, seal } from './line.ts'
import type { Segment } from './segment.ts'

const chunkBytes = 1024 * 1024
// Chunks of the usual size are used again: making them anew costs more than filling them.
const spare: Buffer[] = []
const spares = 4

/** The lines of the appends that wait for the same write and the same sync. */
export class Group {
  /** Settles when they are durable, or cannot be. */
  readonly done: Promise<void>
  readonly ids: string[] = []
  readonly versions: number[] = []
  /** Where each line starts, from where the group starts. */
  readonly offsets: number[] = []
  bytes = 0
  /** Whether an append counts on what an earlier group writes. */
  leans = false
  /** That is what was appended before the folder was opened. */
  leansOnEarlier = false
  /** Whether somebody waits for it to be durable, and not only to be written. */
  syncs = false
  /** Where it was written. */
  place: { readonly segment: Segment; readonly start: number } | undefined
  readonly #chunks: Chunk[] = []
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  add(id: string, version: number, text: string): void {
    this.offsets.push(this.bytes)
    this.bytes += this.#chunkFor(text).add(text)
    this.ids.push(id)
    this.versions.push(version)
  }

  /** The bytes to write to the segment that has this seed. */
  sealed(seed: number): Buffer[] {
    return this.#chunks.map(chunk => chunk.sealed(seed))
  }

  succeed(): void {
    this.#resolve()
    this.#giveBack()
  }

  fail(error: Error): void {
    this.#reject(error)
    this.#giveBack()
  }

  #chunkFor(text: string): Chunk {
    const last = this.#chunks.at(-1)
    if (last?.fits(text)) return last
    const next = new Chunk(text)
    this.#chunks.push(next)
    return next
  }

  #giveBack(): void {
    for (const { bytes } of this.#chunks) if (bytes.length === chunkBytes && spare.length < spares) spare.push(bytes)
  }
}

class Chunk {
  readonly bytes: Buffer
  readonly #starts: number[] = []
  #used = 0

  constructor(first: string) {
    const usual = most(first) <= chunkBytes
    this.bytes = usual
      ? (spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes))
      : Buffer.allocUnsafeSlow(Buffer.byteLength(first) + line.overhead)
  }

  fits(text: string): boolean {
    const room = this.bytes.length - this.#used
    return most(text) <= room || Buffer.byteLength(text) + line.overhead <= room
  }

  add(text: string): number {
    const start = this.#used
    const textBytes = this.bytes.write(text, start + line.head)
    this.#used = frame(this.bytes, start, textBytes)
    this.#starts.push(start)
    return this.#used - start
  }

  sealed(seed: number): Buffer {
    const starts = this.#starts
    for (let i = 0; i < starts.length; i++) seal(this.bytes, starts[i]!, starts[i + 1] ?? this.#used, seed)
    return this.bytes.subarray(0, this.#used)
  }
}

// Of one UTF-16 unit UTF-8 makes three bytes at most.
const most = (text: string): number => 3 * text.length + line.overhead
