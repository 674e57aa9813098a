import { Writable } from 'node:stream'
import type { Stats } from './account.ts'
import { Delivery } from './delivery.ts'
import { Given } from './delivery/given.ts'
import { refuseChain } from './delivery/refuse-chain.ts'
import { Settling } from './delivery/settling.ts'
import { lastWrite, overflow, type WriteCallback } from './delivery/write.ts'
import type { FailoverOptions, FailoverWritable } from './failover-writable.ts'
import { type HttpOptions, httpSchema, type HttpWritable } from './http-writable.ts'
import { OptionsError } from './errors.ts'
import { fromStreamPark, isStreamParkConfig } from './config/streampark.ts'
import type { StreamParkOptions } from './config/streampark-options.ts'
import type { JournalOptions } from './journal/options.ts'
import type { JournalTransform } from './journal-transform.ts'
import { optionsParser } from './options.ts'
import type { RetryOptions, RetryTransform } from './retry-transform.ts'
import { makeStreams } from './sink/streams.ts'
import { refuseSharedJournal } from './storage/shared-place.ts'

/** The options of `httpSink()`, a section per stream, as in a configuration file. */
export interface HttpSinkOptions {
  http?: HttpOptions
  retry?: RetryOptions
  failover: FailoverOptions
  /** Keeps records in a storage in front, so that a crash loses none. @default none */
  journal?: JournalOptions
}

const parseSections = optionsParser<Required<Omit<HttpSinkOptions, 'journal'>> & Pick<HttpSinkOptions, 'journal'>>(
  'sink',
  {
    type: 'object',
    properties: {
      http: { type: 'object', default: {} },
      retry: { type: 'object', default: {} },
      failover: { type: 'object' },
      journal: { type: 'object' }
    },
    required: ['failover'],
    additionalProperties: false
  }
)

const nodeBuffer = 16

/**
 * `HttpWritable`, `RetryTransform` and `FailoverWritable` as one Writable, with a `JournalTransform` in front if that is asked
 * for. It finishes when every record was acknowledged or is durable in the storage, and when it is destroyed it stores what
 * is left before it closes; the journal keeps what could not be stored.
 */
export class HttpSink extends Writable {
  readonly #journal: JournalTransform | undefined
  readonly #http: HttpWritable
  readonly #retry: RetryTransform
  readonly #failover: FailoverWritable
  readonly #drainTimeout: number
  readonly #stored: Promise<void>
  readonly #given = new Given()
  /** Of what was given in and never taken. */
  readonly #settling = new Settling()

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: HttpSinkOptions) {
    const sections = parseSections(options)
    const { journal, failover } = sections
    if (journal !== undefined) refuseSharedJournal(journal, failover)
    super({ objectMode: true, highWaterMark: nodeBuffer })
    const made = makeStreams(sections)
    this.#http = made.http
    this.#retry = made.retry
    this.#failover = made.failover
    this.#journal = made.journal
    this.#drainTimeout = sections.http.drainTimeout ?? httpSchema.properties.drainTimeout.default
    this.#journal?.pipe(this.#http)
    this.#http.pipe(this.#retry).pipe(this.#failover)
    const streams = [this.#http, this.#retry, this.#failover, ...(this.#journal === undefined ? [] : [this.#journal])]
    for (const stream of streams) stream.on('error', error => this.destroy(error))
    this.#stored = Promise.all(streams.map(stream => stream.settled())).then(() => undefined)
    // Whoever asks for it is told when a storage cannot be closed.
    this.#stored.catch(() => undefined)
    refuseChain(this)
  }

  /** The account of all records that were written to it. */
  stats(): Stats {
    return this.#front.stats()
  }

  /** Records that were abandoned and are in the journal still: the next start gives them again. */
  get kept(): number {
    return this.#journal?.kept ?? 0
  }

  /** Resolves when all streams are closed and every settle hook has come back. */
  async settled(): Promise<void> {
    await this.#stored
    await this.#settling.idle()
  }

  /** See `HttpWritable.drain`. The caller ends the source. */
  drain(timeout: number): void {
    this.#http.drain(timeout)
  }

  /** Ends and waits until everything is delivered or stored, for `await using`; Node's own would destroy. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded && !this.destroyed) this.end()
    await this.settled()
  }

  override write(record: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (this.#isOverrun) return overflow(this, this.#front.writableHighWaterMark, encoding, callback)
    const journal = this.#journal
    if (journal === undefined || record === null || this.writableEnded) {
      if (!this.writableEnded) this.#give(record)
      return super.write(record, encoding as BufferEncoding, callback)
    }
    // At once, since Node gives one write after the other, and each would wait for a sync of its own.
    journal.write(record, typeof encoding === 'function' ? encoding : callback)
    return super.write(record)
  }

  override end(record?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const last = lastWrite(record, encoding, callback)
    if (last.chunk !== undefined) this.write(last.chunk)
    return super.end(last.callback)
  }

  override _write(record: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    const journal = this.#journal
    if (journal === undefined) {
      this.#given.taken(record)
      this.#http.write(record, callback)
    }
    // The journal has it already: this only holds the source back.
    else if (journal.writableNeedDrain) journal.once('drain', () => callback())
    else callback()
  }

  override _writev(chunks: Array<{ chunk: unknown }>, callback: WriteCallback): void {
    if (this.#journal !== undefined) return this._write(undefined, 'utf8', callback)
    this.#http.cork()
    for (const [index, { chunk }] of chunks.entries()) {
      this.#given.taken(chunk)
      this.#http.write(chunk, index === chunks.length - 1 ? callback : undefined)
    }
    this.#http.uncork()
  }

  override _final(callback: WriteCallback): void {
    this.#failover.once('finish', () => callback())
    this.#front.end()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#given.abandon(delivery => this.#abandon(delivery))
    this.#storeRest(error)
    this.#failover.once('close', () => this.#abandonRest(error))
    // A storage that takes nothing, or never answers, must not keep it for ever: then what is left is abandoned.
    const over = new Promise<void>(resolve => {
      const timer = setTimeout(() => {
        this.#failover.destroy()
        this.#abandonRest(error)
        resolve()
      }, this.#drainTimeout)
      void this.#stored
        .catch(() => undefined)
        .then(() => clearTimeout(timer))
        .then(resolve)
    })
    void over.then(() => callback(error))
  }

  /** What records are written to. */
  get #front(): JournalTransform | HttpWritable {
    return this.#journal ?? this.#http
  }

  // Whoever pipes into a stream that is being destroyed does not know it yet, and does not keep what it has written.
  #give(record: unknown): void {
    if (!this.destroyed) this.#given.add(record)
    else if (record instanceof Delivery) this.#abandon(record)
  }

  // It is destroyed already, so a hook that fails cannot do more.
  #abandon(delivery: Delivery): void {
    const pending = delivery.settle('abandoned')
    if (pending !== undefined) this.#settling.add(pending, delivery.count, delivery.bytes, () => {})
  }

  // Twice the capacity, and never so little that a writer who heeds write() could get there.
  get #isOverrun(): boolean {
    const { writableHighWaterMark: capacity, writableLength } = this.#front
    return writableLength + this.writableLength >= Math.max(2 * capacity, capacity + 4 * nodeBuffer)
  }

  // No answer is waited for: what is under way is stored as ambiguous, all else as it is. A stream that failed leaves what
  // stands behind it to be stored, and what stands before it abandoned.
  #storeRest(error: Error | null): void {
    if (this.#failover.destroyed) return this.#abandonRest(error)
    // What has not left the journal stays in it.
    this.#journal?.destroy(error ?? undefined)
    this.#http.drain(0)
    if (this.#retry.destroyed) {
      this.#http.destroy()
      this.#failover.end()
    } else if (this.#http.destroyed) this.#retry.end()
    else this.#http.end()
  }

  #abandonRest(error: Error | null): void {
    this.#journal?.destroy(error ?? undefined)
    this.#retry.destroy(error ?? undefined)
    this.#http.destroy(error ?? undefined)
  }
}

/**
 * A Writable that delivers what is written to it, or stores it. `httpSink.get(…)`, `.post(…)`, `.put(…)`, `.patch(…)`,
 * `.delete(…)`, `.options(…)` and `.trace(…)` fix the method; they take the configuration of Apache StreamPark's HttpSink too,
 * with which each record is a URL. Throws `SPW_ERR_OPTIONS`.
 */
export const httpSink = Object.assign(sinkWith(undefined), {
  get: sinkWith('GET'),
  post: sinkWith('POST'),
  put: sinkWith('PUT'),
  patch: sinkWith('PATCH'),
  delete: sinkWith('DELETE'),
  options: sinkWith('OPTIONS'),
  trace: sinkWith('TRACE')
})

function sinkWith(method: string | undefined) {
  return (options: HttpSinkOptions | StreamParkOptions): HttpSink => {
    const sections = isStreamParkConfig(options) ? sectionsOfStreamPark(options, method) : parseSections(options)
    const given: unknown = sections.http?.method
    if (method === undefined || (given !== undefined && typeof given !== 'string')) return new HttpSink(sections)
    if (given !== undefined && given.toUpperCase() !== method) {
      throw new OptionsError(`http/method is ${method} for this sink, got ${JSON.stringify(given)}`)
    }
    return new HttpSink({ ...sections, http: { ...sections.http, method } })
  }
}

function sectionsOfStreamPark(options: Readonly<Record<string, unknown>>, method: string | undefined): HttpSinkOptions {
  const { http, retry, failover, notices } = fromStreamPark(options, method)
  for (const notice of notices) process.emitWarning(notice, 'SpillwayWarning')
  return { http, retry, failover: failover as unknown as FailoverOptions }
}
