import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { FramedSocket } from './framed-socket.ts'

/** What kafkajs gives for a connection that it wants. */
interface Wanted {
  readonly host: string
  readonly port: number
  readonly ssl?: ConnectionOptions
  readonly onConnect: () => void
}

const keepAliveDelay = 60_000

/**
 * The connections of one client. kafkajs connects twice when two requests meet a connection that is not there yet, and forgets
 * the first: such a socket would keep the process alive for ever.
 */
export class Sockets {
  readonly #open = new Set<Socket>()

  readonly connect = ({ host, port, ssl, onConnect }: Wanted): Socket => {
    const socket = ssl
      ? connectTls({ host, port, ...nameOf(host), ...ssl }, onConnect)
      : connect({ host, port }, onConnect)
    socket.setKeepAlive(true, keepAliveDelay)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    // It uses no more of a socket than this has.
    return new FramedSocket(socket) as unknown as Socket
  }

  /** Ends all at once. kafkajs is told, else what still waits for an answer would keep its timers for ever. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy(new Error('the storage was closed'))
  }
}

// An address is no name that a certificate could have in TLS's own field for it.
const nameOf = (host: string): ConnectionOptions => (isIP(host) === 0 ? { servername: host } : {})
