import { Client, type Dispatcher } from 'undici'
import { EndableConnector } from './endable-connector.ts'

/** Where the requests of one origin are dispatched. */
export interface Connections {
  /** A dispatcher for one request; a new connection when `fresh`. */
  take(fresh: boolean): Dispatcher
  /** Back after an answer, for the next request. */
  give(dispatcher: Dispatcher): void
  /** Not to be used again: what is under way on it ends. */
  drop(dispatcher: Dispatcher): void
  close(): void
  /** Whether one could be closed without harm. */
  readonly idle: number
  closeIdle(): void
}

/** Counts the connections of all origins; an idle one of another origin makes room for a new one. */
export interface ConnectionLimit {
  opened(): void
  closed(): void
}

/**
 * A client of its own for each request under way, the one used last first: 6–8 % more requests a second than an Agent or a
 * Pool, which look for a free one, and the only way to end a connection attempt or to force a new connection.
 */
export class OwnConnections implements Connections {
  readonly #origin: string
  readonly #connectTimeout: number
  readonly #limit: ConnectionLimit
  readonly #idle: Dispatcher[] = []
  /** Each ends a connection that is still being made, which a client that is destroyed would leave to its timeout. */
  readonly #connectors = new WeakMap<Dispatcher, EndableConnector>()
  #closed = false

  constructor(origin: string, connectTimeout: number, limit: ConnectionLimit) {
    this.#origin = origin
    this.#connectTimeout = connectTimeout
    this.#limit = limit
  }

  get idle(): number {
    return this.#idle.length
  }

  take(fresh: boolean): Dispatcher {
    if (!fresh) return this.#idle.pop() ?? this.#connected()
    this.closeIdle()
    return this.#connected()
  }

  give(dispatcher: Dispatcher): void {
    if (this.#closed) this.drop(dispatcher)
    else this.#idle.push(dispatcher)
  }

  drop(dispatcher: Dispatcher): void {
    this.#limit.closed()
    // Whoever waited for what is under way has been told already.
    dispatcher.destroy().catch(() => undefined)
    this.#connectors.get(dispatcher)?.end()
  }

  closeIdle(): void {
    const oldest = this.#idle.shift()
    if (oldest !== undefined) this.drop(oldest)
  }

  close(): void {
    this.#closed = true
    while (this.#idle.length > 0) this.closeIdle()
  }

  #connected(): Client {
    this.#limit.opened()
    const connector = new EndableConnector(this.#connectTimeout)
    // The deadline of the attempt is the one that counts; undici's own tick at 500 ms and do not see a drip of bytes.
    const client = new Client(this.#origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: connector.connect
    })
    this.#connectors.set(client, connector)
    return client
  }
}

/** The dispatcher that the user gave, for every request. It is the user's to close. */
export class SharedConnections implements Connections {
  readonly idle = 0
  readonly #dispatcher: Dispatcher

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  take(): Dispatcher {
    return this.#dispatcher
  }

  give(): void {}
  drop(): void {}
  close(): void {}
  closeIdle(): void {}
}
