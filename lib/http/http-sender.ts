import type { Delivery } from '../delivery.ts'
import { Exchange } from './exchange.ts'
import type { Hub } from './hub.ts'
import type { Sender } from './sender.ts'

/** The built-in Sender as one that others can be put around. It sends to the endpoint that the delivery was given. */
export class HttpSender implements Sender {
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const connections = this.#hub.endpointOf(delivery.target.origin).connections
      const abort = (): void => {
        const { code } = (signal.reason ?? {}) as { code?: unknown }
        if (code === 'SPW_ERR_TIMEOUT') exchange.expire()
        else if (code === 'SPW_ERR_SHUTDOWN') exchange.shutDown()
        else {
          exchange.abandon()
          reject(new Error('The attempt was aborted.', { cause: signal.reason }))
        }
      }
      const exchange = new Exchange(delivery, this.#hub.rules, connections, {
        exchanged(error) {
          signal.removeEventListener('abort', abort)
          if (error === undefined) resolve()
          else reject(error)
        }
      })
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      exchange.start()
    })
  }
}
