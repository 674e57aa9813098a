import { randomBytes } from 'node:crypto'
import { StorageError } from '../../errors.ts'
import { closedError } from '../remote/closed-error.ts'
import type { Row, Table } from './table.ts'

interface Seen {
  /** When it last said that it lives, by the server's clock. */
  readonly time: number
  /** For how long that holds, in milliseconds. */
  readonly lease: number
}

const prefix = Buffer.from('~reader/')
const end = Buffer.from('~reader0')

/**
 * Who reads with claims. Each reader has a row of its own, which it writes again and again, and an entry's claim is the name of a
 * reader: it holds as long as the row is there and young. So a thousand claims are kept by one small put, and end by one removal.
 *
 * The times are the server's, as are those that they are compared with: clocks of clients do not matter.
 */
export class Readers {
  readonly id = randomBytes(9).toString('base64url')
  readonly #table: Table
  readonly #lease: number
  readonly #key: Buffer
  #seen = new Map<string, Seen>()
  #begun: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  /** When our own row was written, by the server's clock and by ours. */
  #own = { time: 0, at: 0 }
  /** Until when our claims hold, by our clock; and how often they have lapsed. */
  #until = Infinity
  #lapses = 0
  #hasEnded = false

  /** `lease`: milliseconds that claims hold without a word of their reader. */
  constructor(table: Table, lease: number) {
    this.#table = table
    this.#lease = lease
    this.#key = Buffer.concat([prefix, Buffer.from(this.id)])
  }

  /** Says that this one lives, and goes on saying so. It must be before the first claim. */
  begin(): Promise<void> {
    this.#begun ??= this.#begin().catch((error: unknown) => {
      this.#begun = undefined
      throw error
    })
    return this.#begun
  }

  /** What `checkSince` is to be asked with about all that is claimed from now on. */
  get lapses(): number {
    return this.#lapses
  }

  /** Throws when others may have by now what this one has claimed since `lapses` was that. */
  checkSince(lapses: number): void {
    if (this.#hasEnded) throw closedError('hbase')
    if (lapses === this.#lapses && performance.now() <= this.#until) return
    const message = 'Cannot go on reading: what was claimed has lapsed, because HBase did not answer in time.'
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: true })
  }

  /** Whether the reader that has claimed something lives. Sure only after a `look()` that was made when the claim was seen. */
  lives(reader: string): boolean {
    const seen = this.#seen.get(reader)
    return seen !== undefined && this.#now() - seen.time <= seen.lease
  }

  /** Reads who is there. Removes who has not been there for very long. */
  async look(): Promise<void> {
    const seen = new Map<string, Seen>()
    const scan = this.#table.scan({ from: prefix, before: end, forward: true })
    for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) {
      for (const row of rows) this.#note(row, seen)
    }
    this.#seen = seen
    const gone = [...seen].filter(([, { time, lease }]) => this.#now() - time > 10 * lease)
    await this.#table.remove(gone.map(([id, { time }]) => ({ key: keyOf(id), upTo: time })))
  }

  /** Ends all claims of this one. */
  async end(): Promise<void> {
    this.#hasEnded = true
    if (this.#begun === undefined) return
    clearInterval(this.#timer)
    await this.#begun.catch(() => undefined)
    clearInterval(this.#timer)
    await this.#writing
    await this.#table.remove([{ key: this.#key }])
  }

  async #begin(): Promise<void> {
    await this.#write()
    await this.look()
    // A claim that nobody settles must not keep the process alive.
    this.#timer = setInterval(() => {
      // One that fails is made good by the next.
      this.#writing = this.#writing.then(() => this.#write()).catch(() => undefined)
    }, this.#lease / 3).unref()
  }

  async #write(): Promise<void> {
    const before = performance.now()
    await this.#table.put([{ key: this.#key, cells: [['lease', String(this.#lease)]] }])
    if (performance.now() > this.#until) this.#lapses++
    this.#until = before + this.#lease
  }

  #note({ key, cells }: Row, seen: Map<string, Seen>): void {
    const lease = cells.get('lease')
    if (lease === undefined) return
    const id = nameIn(key)
    seen.set(id, { time: lease.time, lease: Number(lease.text) })
    if (id === this.id && lease.time > this.#own.time) this.#own = { time: lease.time, at: performance.now() }
  }

  #now(): number {
    return this.#own.time + performance.now() - this.#own.at
  }
}

const keyOf = (id: string): Buffer => Buffer.concat([prefix, Buffer.from(id)])

const nameIn = (key: Buffer): string => key.toString('utf8', prefix.length)
