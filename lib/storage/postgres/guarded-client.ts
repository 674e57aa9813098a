import type { Socket } from 'node:net'
import type { Client } from 'pg'

type Listener = (...values: unknown[]) => void

/** What pg's connection does with its stream, plain or encrypted: it listens, and nothing else. */
interface Attaching {
  attachListeners(stream: Listened): void
}

interface Listened {
  on(event: string, listener: Listener): unknown
}

/**
 * A class of pg's clients that end their connection when an answer is not understood. pg would throw out of the listener of its
 * socket, which nobody can catch: the whole process would end, because a server asks for Kerberos say.
 */
export function guarded(Plain: typeof Client): typeof Client {
  return class GuardedClient extends Plain {
    constructor(...given: ConstructorParameters<typeof Client>) {
      super(...given)
      const { connection } = this as unknown as { connection: Attaching }
      const attach = connection.attachListeners.bind(connection)
      connection.attachListeners = stream => attach(guardedStream(stream as Socket))
    }
  }
}

function guardedStream(stream: Socket): Listened {
  return {
    on: (event, listener) =>
      stream.on(event, (...values: unknown[]) => {
        try {
          listener(...values)
        } catch (cause) {
          stream.destroy(notUnderstood(cause))
        }
      })
  }
}

function notUnderstood(cause: unknown): Error {
  const isOtherWay = cause instanceof Error && cause.message.startsWith('Unknown authentication')
  return isOtherWay ? cause : new Error('an answer of the server was not understood', { cause })
}
