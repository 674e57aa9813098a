import { closedError } from './closed-error.ts'

/** How a connection is made and ended. */
export interface Connecting<T> {
  /** What it is for, in messages: 'mysql table record'. */
  readonly name: string
  open(): Promise<T>
  close(connection: T): Promise<void>
}

/**
 * A connection that is opened on first use, once for all who wait, and anew by the next use after it was forgotten or could
 * not be opened.
 *
 * It is not there, being opened, open, or closed for good.
 */
export class Connection<T> {
  readonly #connecting: Connecting<T>
  readonly #underWay = new Set<Promise<unknown>>()
  #opened: Promise<T> | undefined
  #closing: Promise<void> | undefined

  constructor(connecting: Connecting<T>) {
    this.#connecting = connecting
  }

  /** Runs `work` with the open connection. Rejects with `SPW_ERR_STORAGE` after `close()`. */
  use<R>(work: (connection: T) => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) return Promise.reject(closedError(this.#connecting.name))
    const running = this.#open().then(work)
    this.#underWay.add(running)
    const done = (): void => void this.#underWay.delete(running)
    running.then(done, done)
    return running
  }

  /** It broke: the next use opens another one. One that was replaced already is left alone. */
  forget(broken: T): void {
    const opened = this.#opened
    void opened
      ?.then(
        connection => {
          if (connection !== broken) return
          if (this.#opened === opened) this.#opened = undefined
          return this.#connecting.close(connection)
        },
        () => undefined
      )
      .catch(() => undefined)
  }

  /** Waits for what is under way, then ends the connection, if there is one. A second call does nothing more. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #open(): Promise<T> {
    if (this.#opened !== undefined) return this.#opened
    const opened = this.#connecting.open()
    this.#opened = opened
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = undefined
    })
    return opened
  }

  async #close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    const connection = await this.#opened?.catch(() => undefined)
    if (connection !== undefined) await this.#connecting.close(connection)
  }
}
