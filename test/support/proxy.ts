import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What the proxy does to the connections. All may be changed while it runs; they hold for bytes that come after. */
export interface Toxics {
  /** Milliseconds that each piece is held back, in each direction. */
  latency?: number
  /** Cuts a connection when so many bytes went from the server to the client. */
  cutDown?: number | undefined
  /** Cuts a connection when so many bytes went from the client to the server. */
  cutUp?: number | undefined
  /** How it is cut. @default 'reset' */
  cutBy?: 'reset' | 'close'
  /** New connections are reset. */
  refuse?: boolean
  /** Nothing passes, nothing is closed. What comes meanwhile passes once it is off again. */
  blackhole?: boolean
  /** Bytes per second in each direction, at most. */
  rate?: number | undefined
  /** Milliseconds that the end of one side waits before the other side learns of it. */
  slowClose?: number
}

/** A TCP proxy on 127.0.0.1 that does harm on the way. */
export class Proxy {
  readonly toxics: Toxics
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #target: number

  constructor(target: number, toxics: Toxics = {}) {
    this.#target = target
    this.toxics = toxics
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#join(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  async close(): Promise<void> {
    this.reset()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Resets every connection that is open. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #join(client: Socket): void {
    this.connections++
    if (this.toxics.refuse) return void client.resetAndDestroy()
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    void this.#pump(client, server, () => this.toxics.cutUp)
    void this.#pump(server, client, () => this.toxics.cutDown)
  }

  async #pump(from: Socket, to: Socket, limit: () => number | undefined): Promise<void> {
    let passed = 0
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await this.#hold(chunk.length)
        const left = (limit() ?? Infinity) - passed
        passed += chunk.length
        if (left <= chunk.length) return this.#cut(from, to, chunk.subarray(0, left))
        if (!to.write(chunk)) await once(to, 'drain')
      }
      await pause(this.toxics.slowClose ?? 0)
      to.end()
    } catch {
      to.destroy()
    }
  }

  async #hold(bytes: number): Promise<void> {
    const { latency = 0, rate } = this.toxics
    await pause(latency + (rate === undefined ? 0 : (bytes / rate) * 1000))
    while (this.toxics.blackhole && this.#server.listening) await pause(5)
  }

  #cut(from: Socket, to: Socket, last: Buffer): void {
    to.write(last, () => {
      setTimeout(() => {
        for (const socket of [to, from]) this.toxics.cutBy === 'close' ? socket.end() : socket.resetAndDestroy()
      }, 20)
    })
  }
}

// At the rate of a drip it may be minutes: they end with the connections, which keep the process alive as long as it is used.
const pause = (ms: number): Promise<void> | undefined =>
  ms === 0 ? undefined : new Promise(resolve => setTimeout(resolve, ms).unref())
