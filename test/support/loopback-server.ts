import { once } from 'node:events'
import { type AddressInfo, createServer, type ServerOpts, type Socket } from 'node:net'

/** A server of connections on a free port of 127.0.0.1, and all that is open of it. */
export class LoopbackServer {
  readonly #server
  readonly #sockets = new Set<Socket>()

  constructor(serve: (socket: Socket) => void, options: ServerOpts = {}) {
    this.#server = createServer(options, socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
      serve(socket)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** host:port */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** Takes no connection any more, and breaks those that are open. */
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
