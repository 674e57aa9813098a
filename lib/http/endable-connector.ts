import type { Socket } from 'node:net'
import { buildConnector } from 'undici'

/**
 * Makes the connections of one client, and can end the one that is being made.
 *
 * Not by the option `signal`: Node's listener on it keeps each socket that was made with it for as long as the signal is there,
 * and there is a new socket each time that the endpoint closes one (Node 20 to 24).
 */
export class EndableConnector {
  readonly #connect: buildConnector.connector
  #making: Socket | undefined

  /** `timeout` in milliseconds. */
  constructor(timeout: number) {
    this.#connect = buildConnector({ timeout })
  }

  readonly connect: buildConnector.connector = (options, callback) => {
    // It gives the socket, of which its type says nothing.
    this.#making = this.#connect(options, (...result) => {
      this.#making = undefined
      callback(...result)
    }) as unknown as Socket
  }

  end(): void {
    this.#making?.destroy(new Error('The connection is not wanted any more.'))
  }
}
