import type { Delivery } from '../../delivery.ts'
import { isRefusal } from '../is-refusal.ts'

/** How deliveries are appended to a storage that is not here. */
export interface Appending<Row> {
  /** What is sent of a delivery. Throws `SPW_ERR_STORAGE_REFUSED` for one that the storage can never take. */
  encode(delivery: Delivery): Row
  /** Resolves when all of them are durable. One round trip, or as few as the storage allows. */
  write(rows: readonly Row[]): Promise<void>
  readonly bytesOf: (row: Row) => number
  /** Rows in one write at most. */
  readonly mostRows: number
  /** Bytes in one write at most; a larger single row goes alone. */
  readonly mostBytes: number
  /** Writes under way at once, at most. */
  readonly atOnce: number
}

/** One call of `append`: some of its rows may go in one write and some in the next. */
interface Call<Row> {
  readonly rows: readonly Row[]
  sent: number
  written: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Part<Row> {
  readonly call: Call<Row>
  readonly rows: readonly Row[]
}

/**
 * Group commit for storages that are reached over a network: what is appended in one turn of the event loop, or while writes
 * are under way, goes in one write.
 *
 * A call waits, is under way in one or more writes, or is over. A write that fails rejects every call that has rows in it;
 * of one that is refused only the calls at fault.
 */
export class GroupedAppends<Row> {
  readonly #appending: Appending<Row>
  readonly #waiting: Array<Call<Row>> = []
  readonly #writes = new Set<Promise<void>>()
  #isScheduled = false

  constructor(appending: Appending<Row>) {
    this.#appending = appending
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      // What encode() throws rejects this call, and no other.
      const rows = deliveries.map(delivery => this.#appending.encode(delivery))
      this.#waiting.push({ rows, sent: 0, written: 0, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits and nothing is under way. What failed was said to those who appended. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writes.size > 0) {
      await Promise.all(this.#writes)
      await new Promise(resolve => process.nextTick(resolve))
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#writeNext()
    })
  }

  #writeNext(): void {
    while (this.#waiting.length > 0 && this.#writes.size < this.#appending.atOnce) {
      const write = this.#write(this.#nextParts()).finally(() => {
        this.#writes.delete(write)
        this.#writeNext()
      })
      this.#writes.add(write)
    }
  }

  #nextParts(): Array<Part<Row>> {
    const { mostRows, mostBytes, bytesOf } = this.#appending
    const parts: Array<Part<Row>> = []
    let rows = 0
    let bytes = 0
    while (this.#waiting.length > 0) {
      const call = this.#waiting[0]!
      const from = call.sent
      for (; call.sent < call.rows.length && rows < mostRows; call.sent++, rows++) {
        const size = bytesOf(call.rows[call.sent]!)
        if (rows > 0 && bytes + size > mostBytes) break
        bytes += size
      }
      if (call.sent > from) parts.push({ call, rows: call.rows.slice(from, call.sent) })
      if (call.sent < call.rows.length) break
      this.#waiting.shift()
    }
    return parts
  }

  async #write(parts: ReadonlyArray<Part<Row>>): Promise<void> {
    try {
      await this.#appending.write(parts.length === 1 ? parts[0]!.rows : parts.flatMap(({ rows }) => rows))
      for (const { call, rows } of parts) {
        call.written += rows.length
        if (call.written === call.rows.length) call.resolve()
      }
    } catch (error) {
      if (isRefusal(error) && parts.length > 1) await this.#writeApart(parts)
      else for (const { call } of parts) this.#fail(call, error)
    }
  }

  // What the storage does not take of one call is no reason to reject another.
  async #writeApart(parts: ReadonlyArray<Part<Row>>): Promise<void> {
    for (const part of parts) await this.#write([part])
  }

  #fail(call: Call<Row>, error: unknown): void {
    const at = this.#waiting.indexOf(call)
    if (at !== -1) this.#waiting.splice(at, 1)
    call.reject(error)
  }
}
