import { closeScanRequest, nextScanRequest, openScanRequest, type ScanAnswer, scanAnswer } from './client-messages.ts'
import type { Cluster } from './cluster.ts'
import { HBaseFailure, noAnswer } from './failure.ts'
import { type Region, regionAt, regionBelow, type Regions } from './regions.ts'
import { family, type Row, type ScanRange } from './table.ts'

const manyRows = 1_000
const mostBytes = 2 * 1024 * 1024
// A server ends a scan that nobody goes on with after a minute; one that rested for long is begun anew.
const longestRest = 20_000

/** A scanner that is open at a server. */
interface Opened {
  readonly region: Region
  readonly id: bigint
  hasMore: boolean
  usedAt: number
}

/**
 * Goes through the regions of a table, row after row. What it knows is the last row: whenever a scanner is lost, because its
 * region moved, its server died or its lease is over, another one goes on from there.
 */
export class NativeScan {
  readonly #cluster: Cluster
  readonly #regions: Regions
  readonly #range: ScanRange
  readonly #rowsAtOnce: number
  #opened: Opened | undefined
  /** Where the next scanner begins: behind the last row, or at the edge of a region. */
  #at: Buffer
  #isInclusive: boolean
  #part: Row | undefined
  #isOver = false

  constructor(cluster: Cluster, regions: Regions, range: ScanRange) {
    this.#cluster = cluster
    this.#regions = regions
    this.#range = range
    this.#rowsAtOnce = range.wanted ?? manyRows
    this.#at = range.forward ? range.from : range.before
    this.#isInclusive = range.forward === true
  }

  /**
   * The next rows; none when the server is still looking, or another region is next: what was passed over is passed over.
   * Rejects with an `HBaseFailure`; then it may be called again.
   */
  async next(signal: AbortSignal): Promise<readonly Row[] | undefined> {
    if (this.#isOver) return undefined
    try {
      const rows = this.#whole(await this.#ask(signal))
      if (rows.length === 0) return this.#isOver ? undefined : rows
      this.#check(rows)
      this.#at = rows.at(-1)!.key
      this.#isInclusive = false
      return rows
    } catch (error) {
      this.#drop()
      throw error
    }
  }

  /** Tells the server, and does not wait for its answer. */
  close(): void {
    const opened = this.#opened
    this.#drop()
    this.#isOver = true
    if (opened === undefined || !opened.hasMore) return
    // When the connection is gone the scanner is, too.
    this.#cluster
      .call(opened.region.server, 'ClientService', 'Scan', closeScanRequest(opened.id))
      .catch(() => undefined)
  }

  #drop(): void {
    this.#opened = undefined
    this.#part = undefined
  }

  async #ask(signal: AbortSignal): Promise<ScanAnswer> {
    const opened = this.#opened
    const isFresh = opened !== undefined && performance.now() - opened.usedAt < longestRest
    if (opened === undefined || !isFresh) {
      this.#drop()
      return this.#open(signal)
    }
    if (!opened.hasMore) {
      this.#leave(opened.region)
      return nothing
    }
    const answer = await this.#call(opened.region, nextScanRequest(opened.id, this.#rowsAtOnce))
    opened.usedAt = performance.now()
    opened.hasMore = answer.hasMoreInRegion
    return answer
  }

  async #open(signal: AbortSignal): Promise<ScanAnswer> {
    const regions = await this.#regions.all(signal)
    const { forward = false, from, before, wanted } = this.#range
    let region: Region | undefined
    try {
      region = forward ? regionAt(regions, this.#at) : regionBelow(regions, this.#at)
      const scan = {
        region: region.name,
        start: this.#at,
        includeStart: this.#isInclusive,
        stop: forward ? before : from,
        // An empty row is the one before all others, and the end of a scan that has none.
        includeStop: !forward && from.length > 0,
        reversed: !forward,
        family,
        mostBytes,
        isShort: wanted !== undefined
      }
      const answer = await this.#call(region, openScanRequest(scan, this.#rowsAtOnce))
      const hasMore = answer.hasMoreInRegion
      this.#opened = { region, id: answer.scannerId, hasMore, usedAt: performance.now() }
      return answer
    } catch (error) {
      if (error instanceof HBaseFailure && error.transient) this.#regions.forget(regions)
      throw error
    }
  }

  async #call({ server }: Region, request: Uint8Array): Promise<ScanAnswer> {
    try {
      return scanAnswer(await this.#cluster.call(server, 'ClientService', 'Scan', request))
    } catch (error) {
      throw error instanceof HBaseFailure && lostScanner.test(error.exception)
        ? new HBaseFailure(error.exception, error.message, true)
        : error
    }
  }

  // On to the next region, or to the end.
  #leave({ start, end }: Region): void {
    const { forward, from, before } = this.#range
    this.#drop()
    const edge = forward ? end : start
    const isLast = forward ? edge.compare(before) >= 0 : edge.compare(from) <= 0
    this.#isOver = edge.length === 0 || isLast
    this.#at = edge
    this.#isInclusive = forward === true
  }

  // Whoever gives what is behind already would be asked for ever.
  #check(rows: readonly Row[]): void {
    const { forward, from, before } = this.#range
    const direction = forward ? 1 : -1
    let at = this.#at
    let isInclusive = this.#isInclusive
    for (const { key } of rows) {
      const isNext = key.compare(at) === direction || (isInclusive && key.equals(at))
      if (!isNext) throw notAskedFor()
      at = key
      isInclusive = false
    }
    const [first, last] = forward ? [rows[0]!, rows.at(-1)!] : [rows.at(-1)!, rows[0]!]
    if (first.key.compare(from) < 0 || last.key.compare(before) >= 0) throw notAskedFor()
  }

  // A row that came in parts is given when it is complete.
  #whole({ rows, isPartial }: ScanAnswer): Row[] {
    const all = this.#part === undefined ? rows : joined(this.#part, rows)
    this.#part = isPartial ? all.pop() : undefined
    return all
  }
}

const notAskedFor = (): HBaseFailure => noAnswer('a scan gave a row that was not asked for')

const lostScanner = /UnknownScanner|OutOfOrderScannerNext|ScannerReset|LeaseException/

const nothing: ScanAnswer = { scannerId: 0n, rows: [], isPartial: false, hasMoreInRegion: false }

function joined(part: Row, [next, ...rest]: Row[]): Row[] {
  if (next === undefined) return [part]
  if (!next.key.equals(part.key)) return [part, next, ...rest]
  const whole = { key: part.key, bytes: part.bytes + next.bytes, cells: new Map([...part.cells, ...next.cells]) }
  return [whole, ...rest]
}
