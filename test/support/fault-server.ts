import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { answer } from './fault.ts'
import { RequestParser, type ServerRequest } from './request-parser.ts'

/** One request and the socket to answer it on, or not. */
export interface Exchange {
  readonly request: ServerRequest
  readonly socket: Socket
}

/** What a server does with a request. With `atHead` it acts when the body has not been read, and owns the connection. */
export interface Fault {
  (exchange: Exchange): void
  atHead?: boolean
}

export interface FaultServerOptions {
  /** @default answers 200 */
  fault?: Fault
  /** Called with each connection; `true` keeps it from being read. */
  accept?: (socket: Socket, connection: number) => boolean | void
  tls?: TlsOptions
  /** Keeps `socket.end()` of the client from ending ours. @default false */
  allowHalfOpen?: boolean
  /** More are closed when they come. */
  maxConnections?: number
  /** @default a free one */
  port?: number
}

/**
 * An HTTP/1.1 server over raw sockets that can misbehave in every way. What it does is changed while it runs by `fault`
 * and `accept`.
 */
export class FaultServer {
  fault: Fault
  accept: FaultServerOptions['accept']
  /** All whose head came, oldest first. */
  readonly requests: ServerRequest[] = []
  /** Connections in all. */
  connections = 0
  /** The most that were open at once. */
  mostOpen = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #secure: boolean

  constructor({ fault = answer(200), accept, tls, allowHalfOpen = false, maxConnections }: FaultServerOptions) {
    this.fault = fault
    this.accept = accept
    this.#secure = tls !== undefined
    const serve = (socket: Socket) => this.#serve(socket)
    this.#server = tls === undefined ? createServer({ allowHalfOpen }, serve) : createTlsServer(tls, serve)
    this.#server.on('tlsClientError', () => {})
    this.#server.on('connection', (socket: Socket) => this.#track(socket))
    if (maxConnections !== undefined) this.#server.maxConnections = maxConnections
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    return `${this.#secure ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  get url(): string {
    return `${this.origin}/sink`
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** Cuts all connections and stops listening. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Closes the connections that are open, as a server does that restarts. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    this.mostOpen = Math.max(this.mostOpen, this.#sockets.size)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
  }

  #serve(socket: Socket): void {
    const connection = this.connections++
    socket.setNoDelay(true)
    socket.on('error', () => {})
    if (this.accept?.(socket, connection)) return
    const parser = new RequestParser(connection, {
      head: request => this.#head(request, socket),
      request: request => this.#answer(request, socket)
    })
    socket.on('data', chunk => parser.push(chunk))
  }

  #head(request: ServerRequest, socket: Socket): boolean {
    request.number = this.requests.push(request) - 1
    if (!this.fault.atHead) return false
    this.fault({ request, socket })
    return true
  }

  #answer(request: ServerRequest, socket: Socket): void {
    this.fault({ request, socket })
  }
}

/** A `FaultServer` that listens on 127.0.0.1. */
export function faultServer(options: FaultServerOptions | Fault = {}): Promise<FaultServer> {
  const given = typeof options === 'function' ? { fault: options } : options
  return new FaultServer(given).listen(given.port)
}
