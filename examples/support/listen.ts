import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

// Below the ports that a system gives to connections, and to who asks for any: one of those may be taken while an endpoint is down.
const first = 10_000
const count = 10_000

/** Listens on `port` of this machine's loopback, or on one that stays free while the server is down for a while; says which. */
export async function listen(server: Server, port?: number): Promise<number> {
  server.listen(port ?? first + Math.floor(Math.random() * count), '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (port === undefined && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') return listen(server)
    throw error
  }
  return (server.address() as AddressInfo).port
}
