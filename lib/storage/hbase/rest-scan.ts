import type { Readable } from 'node:stream'
import { noAnswer } from './failure.ts'
import { RowStream } from './rest-messages.ts'
import { family, type Row, type ScanRange } from './table.ts'

/** Asks a REST server for the rows that a query of it means. */
export type Ask = (query: URLSearchParams, signal: AbortSignal) => Promise<Readable>

/**
 * All rows of a range in one answer, which is read no quicker than somebody wants them. Where it breaks off another one is asked
 * for. Its beginning can only be a text, so then what was given already is left out by a filter: the server passes over it.
 */
export class RestScan {
  readonly #ask: Ask
  readonly #range: ScanRange
  #body: AsyncIterator<Buffer> | undefined
  #readable: Readable | undefined
  #stream = new RowStream()
  #last: Buffer | undefined
  #isOver = false

  constructor(ask: Ask, range: ScanRange) {
    this.#ask = ask
    this.#range = range
  }

  /** Rejects with an `HBaseFailure`; then it may be called again. */
  async next(signal: AbortSignal): Promise<readonly Row[] | undefined> {
    const abort = (): void => this.#drop()
    signal.addEventListener('abort', abort, { once: true })
    try {
      while (!this.#isOver) {
        this.#body ??= await this.#begin(signal)
        const chunk = await this.#body.next()
        if (chunk.done === true) return this.#end()
        const rows = this.#fresh(this.#stream.add(chunk.value))
        if (rows.length > 0) return rows
      }
      return undefined
    } catch (error) {
      this.#drop()
      throw error instanceof Error && error.name === 'HBaseFailure' ? error : noAnswer(`the answer broke off`, error)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  close(): void {
    this.#isOver = true
    this.#drop()
  }

  #drop(): void {
    // What a stream that nobody reads any more has to say is of no interest.
    this.#readable?.on('error', () => undefined).destroy()
    this.#readable = undefined
    this.#body = undefined
    this.#stream = new RowStream()
  }

  #end(): undefined {
    if (this.#stream.isCut) throw noAnswer('the answer broke off')
    this.close()
    return undefined
  }

  async #begin(signal: AbortSignal): Promise<AsyncIterator<Buffer>> {
    const { forward = false, from, before } = this.#range
    const query = new URLSearchParams({ column: family })
    if (forward) query.set('startrow', from.toString())
    else query.set('reversed', 'true')
    query.set('endrow', (forward ? before : from).toString())
    if (this.#last !== undefined) query.set('filter_b64', beyond(this.#last, forward).toString('base64url'))
    this.#readable = await this.#ask(query, signal)
    const body = this.#readable[Symbol.asyncIterator]()
    // Closed meanwhile: nobody would read it.
    if (this.#isOver) this.#drop()
    return body
  }

  // An old server knows no such filter, and gives all once more.
  #fresh(rows: readonly Row[]): Row[] {
    const { forward = false, from, before } = this.#range
    const last = this.#last
    const direction = forward ? 1 : -1
    const fresh = rows.filter(
      ({ key }) =>
        (last === undefined || key.compare(last) === direction) && key.compare(from) >= 0 && key.compare(before) < 0
    )
    this.#last = fresh.at(-1)?.key ?? last
    return fresh
  }
}

// In the language of filters a quote within quotes is written twice.
function beyond(last: Buffer, forward: boolean): Buffer {
  const quoted = Buffer.from(last.toString('latin1').replaceAll("'", "''"), 'latin1')
  return Buffer.concat([Buffer.from(`RowFilter(${forward ? '>' : '<'}, 'binary:`), quoted, Buffer.from("')")])
}
