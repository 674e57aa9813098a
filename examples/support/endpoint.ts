import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from './listen.ts'

/** A request that came to an endpoint. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A status, or a status with headers. */
export type Answer = number | { readonly status: number; readonly headers: Readonly<Record<string, string>> }

export interface Endpoint {
  readonly url: string
  readonly port: number
  /** Every request that came, in order. */
  readonly received: readonly Received[]
  close(): Promise<void>
}

/** The other side of an example: an HTTP server on this machine's loopback, which answers as `answer` says. */
export async function startEndpoint(
  answer: (request: Received) => Answer | Promise<Answer> = () => 200,
  port?: number
): Promise<Endpoint> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    const one = { method, path, headers, body: await text(request) }
    received.push(one)
    const given = await answer(one)
    if (typeof given === 'number') response.writeHead(given).end()
    else response.writeHead(given.status, given.headers).end()
  })
  const bound = await listen(server, port)
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    received,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
