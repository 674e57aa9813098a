import { setTimeout as paused } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { openScanRequest, nextScanRequest, scanAnswer } from './client-messages.ts'
import { HBaseFailure, noAnswer } from './failure.ts'
import { BinaryReader, bufferOf, eachField } from './protobuf.ts'
import type { Row } from './table.ts'
import type { Address } from './zookeeper.ts'

export interface Region {
  readonly name: Buffer
  /** Inclusive; empty at the beginning of the table. */
  readonly start: Buffer
  /** Exclusive; empty at the end of the table. */
  readonly end: Buffer
  readonly server: Address
}

const meta = Buffer.from('hbase:meta,,1')
// Asked for anew at most so often: a region that moves is away for a while, and all who wait would ask.
const leastPause = 100

/** Where the regions of a table are. Read from `hbase:meta` when they are needed, once for all who wait. */
export class Regions {
  readonly #cluster: Cluster
  readonly #table: string
  #known: readonly Region[] | undefined
  #reading: Promise<readonly Region[]> | undefined
  #readAt = -Infinity

  /** `table` with its namespace, unless that is the default one. */
  constructor(cluster: Cluster, table: string) {
    this.#cluster = cluster
    this.#table = table
  }

  /** In the order of their rows. Rejects with an `HBaseFailure` `TableNotFoundException` when there are none. */
  async all(signal: AbortSignal): Promise<readonly Region[]> {
    if (this.#known !== undefined) return this.#known
    this.#reading ??= this.#read(signal).finally(() => (this.#reading = undefined))
    return this.#reading
  }

  /** They are not where they were, or a server is gone. */
  forget(regions: readonly Region[]): void {
    if (this.#known === regions) this.#known = undefined
  }

  async #read(signal: AbortSignal): Promise<readonly Region[]> {
    const wait = this.#readAt + leastPause - performance.now()
    if (wait > 0) await paused(wait)
    try {
      const rows = await this.#metaRows(signal)
      if (rows.length === 0) throw new HBaseFailure('TableNotFoundException', 'there is no such table', false)
      const regions = rows.flatMap(row => regionOf(row) ?? [])
      // The only region is being split, or the table is disabled.
      if (regions.length === 0) throw notFound()
      return (this.#known = regions)
    } finally {
      this.#readAt = performance.now()
    }
  }

  async #metaRows(signal: AbortSignal): Promise<Row[]> {
    const server = await this.#cluster.metaServer(signal)
    // The rows of meta have an order of their own: from `T,` on the first region is missed without a word.
    const range = {
      region: meta,
      start: Buffer.from(`${this.#table},,`),
      includeStart: true,
      stop: Buffer.from(`${this.#table} ,,`),
      includeStop: false,
      reversed: false,
      family: 'info',
      mostBytes: 1024 * 1024,
      isShort: false
    }
    const rows: Row[] = []
    const most = 1_000
    let answer = await this.#scan(server, openScanRequest(range, most))
    for (;;) {
      if (answer.isPartial) throw noAnswer('a row of hbase:meta came in parts')
      rows.push(...answer.rows)
      if (!answer.hasMoreInRegion) return rows
      if (signal.aborted) throw noAnswer('hbase:meta was not read to its end in time')
      answer = await this.#scan(server, nextScanRequest(answer.scannerId, most))
    }
  }

  async #scan(server: Address, request: Uint8Array): Promise<ReturnType<typeof scanAnswer>> {
    return scanAnswer(await this.#cluster.call(server, 'ClientService', 'Scan', request))
  }
}

/** The region that a row is in. Rejects with an `HBaseFailure` when it is not known, while it is split say. */
export function regionAt(regions: readonly Region[], key: Buffer): Region {
  let low = 0
  let high = regions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (key.compare(regions[middle]!.start) >= 0) low = middle + 1
    else high = middle
  }
  return checked(regions[low - 1], region => region.end.length === 0 || key.compare(region.end) < 0)
}

/** The region that the rows just below `key` are in. */
export function regionBelow(regions: readonly Region[], key: Buffer): Region {
  const found = regions.findLast(({ start }) => start.compare(key) < 0)
  return checked(found, region => region.end.length === 0 || key.compare(region.end) <= 0)
}

function checked(region: Region | undefined, isRight: (region: Region) => boolean): Region {
  if (region !== undefined && isRight(region)) return region
  throw notFound()
}

const notFound = (): HBaseFailure =>
  new HBaseFailure('NotServingRegionException', 'a region is not to be found at the moment', true)

// What is off line was split; what has no server is on its way to one, and so not to be found at the moment.
function regionOf({ key, cells }: Row): Region | undefined {
  const info = cells.get('regioninfo')?.value
  const server = cells.get('server')?.text
  if (info === undefined || server === undefined || server === '') return undefined
  let [start, end] = [empty, empty]
  let isOffline = false
  let replica = 0
  const reader = new BinaryReader(info.subarray(4))
  eachField(reader, reader.len, field => {
    if (field === 3) start = bufferOf(reader.bytes())
    else if (field === 4) end = bufferOf(reader.bytes())
    else if (field === 5 || field === 6) isOffline = reader.bool() || isOffline
    else if (field === 7) replica = reader.int32()
  })
  if (isOffline || replica !== 0) return undefined
  const [, host, port] = /^(.*):(\d+)$/.exec(server) ?? []
  return { name: key, start, end, server: { host: host ?? '', port: Number(port) } }
}

const empty: Buffer = Buffer.alloc(0)
