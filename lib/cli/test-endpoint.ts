import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Span } from './flag-values.ts'

export interface TestEndpointOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Milliseconds before each answer. */
  readonly latency: number
  /** The share of requests that are answered with `status`: 0 to 1. */
  readonly fail: number
  /** The status of those. */
  readonly status: number
  /** Milliseconds after the start in which nobody can connect. */
  readonly down?: Span | undefined
}

/** What an endpoint got. */
export interface EndpointReport {
  readonly requests: number
  /** Elements of a JSON array, lines of ndjson, else one a request. */
  readonly records: number
  /** Of these: in requests that were answered with 200. */
  readonly acknowledged: number
  /** Of all bodies. */
  readonly bytes: number
  /** Different idempotency keys; `null` when there were too many to remember. */
  readonly uniqueKeys: number | null
  readonly byStatus: Readonly<Record<string, number>>
  readonly seconds: number
}

/** No larger body is looked into, in bytes; and no more keys are remembered. */
const mostBytes = 64 * 1024 * 1024
const mostKeys = 4_000_000

const bodiless: ReadonlySet<number> = new Set([204, 304])

/** An HTTP endpoint on this machine's loopback, to try a sink: slow, failing, or gone for a while, as it is told. */
export class TestEndpoint {
  readonly #options: TestEndpointOptions
  readonly #server: Server
  readonly #timers: NodeJS.Timeout[] = []
  readonly #byStatus: Record<string, number> = {}
  #keys: Set<string> | undefined = new Set()
  #requests = 0
  #records = 0
  #acknowledged = 0
  #bytes = 0
  #started = 0

  constructor(options: TestEndpointOptions) {
    this.#options = options
    this.#server = createServer((request, response) => this.#take(request, response))
    // Longer than any client keeps a connection, so that it is never this side that closes it at a bad moment.
    this.#server.keepAliveTimeout = 600_000
    this.#server.requestTimeout = 0
  }

  /** Its URL, once it listens. */
  async start(): Promise<string> {
    const port = await this.#listen(this.#options.port)
    this.#started = performance.now()
    const { down } = this.#options
    if (down !== undefined) {
      this.#timers.push(setTimeout(() => void this.#hangUp(), down.from))
      this.#timers.push(setTimeout(() => void this.#listen(port), down.to))
    }
    return `http://127.0.0.1:${port}/`
  }

  report(): EndpointReport {
    return {
      requests: this.#requests,
      records: this.#records,
      acknowledged: this.#acknowledged,
      bytes: this.#bytes,
      uniqueKeys: this.#keys?.size ?? null,
      byStatus: { ...this.#byStatus },
      seconds: Math.round(performance.now() - this.#started) / 1000
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    if (this.#server.listening) await this.#hangUp()
  }

  async #listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async #hangUp(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  // By events: reading by `for await` costs half of the requests a second.
  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= mostBytes) chunks.push(chunk)
    })
    // One whose client hung up in its middle never ends, and is not counted.
    request.on('end', () => {
      const records = bytes <= mostBytes ? recordsIn(request, chunks) : 1
      this.#requests++
      this.#records += records
      this.#bytes += bytes
      this.#remember(request.headers['idempotency-key'])
      this.#answer(response, records)
    })
    request.on('error', () => {})
    response.on('error', () => {})
  }

  #answer(response: ServerResponse, records: number): void {
    const { fail, status, latency } = this.#options
    const code = fail > 0 && Math.random() < fail ? status : 200
    const answer = (): void => {
      if (response.destroyed) return
      this.#byStatus[code] = (this.#byStatus[code] ?? 0) + 1
      if (code === 200) this.#acknowledged += records
      if (bodiless.has(code)) response.writeHead(code).end()
      else response.writeHead(code, { 'content-type': 'text/plain', 'content-length': 2 }).end('ok')
    }
    if (latency > 0) setTimeout(answer, latency)
    else answer()
  }

  #remember(key: string | string[] | undefined): void {
    if (typeof key !== 'string' || this.#keys === undefined) return
    this.#keys.add(key)
    if (this.#keys.size > mostKeys) this.#keys = undefined
  }
}

function recordsIn(request: IncomingMessage, chunks: readonly Buffer[]): number {
  const type = request.headers['content-type'] ?? ''
  if (type.includes('ndjson')) return linesIn(chunks)
  if (!type.includes('json') || chunks[0]?.[0] !== 0x5b) return 1
  try {
    return (JSON.parse(Buffer.concat(chunks).toString()) as unknown[]).length
  } catch {
    return 1
  }
}

function linesIn(chunks: readonly Buffer[]): number {
  return Buffer.concat(chunks)
    .toString('latin1')
    .split('\n')
    .filter(line => line.trim() !== '').length
}
