import { Writable } from 'node:stream'
import type { Stats } from './account.ts'
import { refuseChain } from './delivery/refuse-chain.ts'
import { overflow, refuseUndefined, type WriteCallback } from './delivery/write.ts'
import { FailoverWritable, type FailoverOptions } from './failover-writable.ts'
import { type HttpOptions, httpSchema, HttpWritable } from './http-writable.ts'
import { OptionsError } from './errors.ts'
import { fromStreamPark, isStreamParkConfig } from './config/streampark.ts'
import { optionsParser } from './options.ts'
import { RetryTransform, type RetryOptions } from './retry-transform.ts'

/** The options of `httpSink()`, a section per stream, as in a configuration file. */
export interface HttpSinkOptions {
  http?: HttpOptions
  retry?: RetryOptions
  failover: FailoverOptions
}

const parseSections = optionsParser<Required<HttpSinkOptions>>('sink', {
  type: 'object',
  properties: {
    http: { type: 'object', default: {} },
    retry: { type: 'object', default: {} },
    failover: { type: 'object' }
  },
  required: ['failover'],
  additionalProperties: false
})

const nodeBuffer = 16

/**
 * `HttpWritable`, `RetryTransform` and `FailoverWritable` as one Writable. It finishes when every record was acknowledged or
 * is durable in the storage, and when it is destroyed it stores what is left before it closes.
 */
export class HttpSink extends Writable {
  readonly #http: HttpWritable
  readonly #retry: RetryTransform
  readonly #failover: FailoverWritable
  readonly #drainTimeout: number
  readonly #stored: Promise<void>

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: HttpSinkOptions) {
    const sections = parseSections(options)
    super({ objectMode: true, highWaterMark: nodeBuffer })
    this.#http = new HttpWritable(sections.http)
    this.#retry = new RetryTransform(sections.retry)
    this.#failover = new FailoverWritable(sections.failover)
    this.#drainTimeout = sections.http.drainTimeout ?? httpSchema.properties.drainTimeout.default
    this.#http.pipe(this.#retry).pipe(this.#failover)
    const streams = [this.#http, this.#retry, this.#failover]
    for (const stream of streams) stream.on('error', error => this.destroy(error))
    this.#stored = Promise.all(streams.map(stream => stream.settled())).then(() => undefined)
    refuseChain(this)
  }

  /** The account of all records that were written to it. */
  stats(): Stats {
    return this.#http.stats()
  }

  /** Resolves when all three streams are closed and every settle hook has come back. */
  settled(): Promise<void> {
    return this.#stored
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
    if (this.#isOverrun) return overflow(this, this.#http.writableHighWaterMark, encoding, callback)
    if (record === undefined) return refuseUndefined(this, () => super.write(null))
    return super.write(record, encoding as BufferEncoding, callback)
  }

  override _write(record: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#http.write(record, callback)
  }

  override _writev(chunks: Array<{ chunk: unknown }>, callback: WriteCallback): void {
    this.#http.cork()
    chunks.forEach(({ chunk }, index) => this.#http.write(chunk, index === chunks.length - 1 ? callback : undefined))
    this.#http.uncork()
  }

  override _final(callback: WriteCallback): void {
    this.#failover.once('finish', () => callback())
    this.#http.end()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#storeRest(error)
    this.#failover.once('close', () => this.#abandonRest(error))
    // A storage that takes nothing, or never answers, must not keep it for ever: then what is left is abandoned.
    const over = new Promise<void>(resolve => {
      const timer = setTimeout(() => {
        this.#failover.destroy()
        this.#abandonRest(error)
        resolve()
      }, this.#drainTimeout)
      void this.#stored.then(() => clearTimeout(timer)).then(resolve)
    })
    void over.then(() => callback(error))
  }

  // Twice the capacity, and never so little that a writer who heeds write() could get there.
  get #isOverrun(): boolean {
    const { writableHighWaterMark: capacity, writableLength } = this.#http
    return writableLength + this.writableLength >= Math.max(2 * capacity, capacity + 4 * nodeBuffer)
  }

  // No answer is waited for: what is under way is stored as ambiguous, all else as it is. A stream that failed leaves what
  // stands behind it to be stored, and what stands before it abandoned.
  #storeRest(error: Error | null): void {
    if (this.#failover.destroyed) return this.#abandonRest(error)
    this.#http.drain(0)
    if (this.#retry.destroyed) {
      this.#http.destroy()
      this.#failover.end()
    } else if (this.#http.destroyed) this.#retry.end()
    else this.#http.end()
  }

  #abandonRest(error: Error | null): void {
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
  return (options: HttpSinkOptions | Readonly<Record<string, unknown>>): HttpSink => {
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
