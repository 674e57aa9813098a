import { Agent } from 'node:http'
import net, { type NetConnectOpts, type Socket } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
import type { LoopbackServer } from '../../support/loopback-server.ts'

const ownPorts = new Set<number>()

const connect = net.connect as (options: NetConnectOpts, ...rest: unknown[]) => Socket
const { createConnection } = Agent.prototype

function connectOwn(options: NetConnectOpts, ...rest: unknown[]): Socket {
  const { host, port } = options as { host?: string; port: number | string }
  if (host === '127.0.0.1' && ownPorts.has(Number(port))) return connect(options, ...rest)
  const socket = new net.Socket()
  setImmediate(() => socket.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })))
  return socket
}

/**
 * In a suite: no connection is made but to servers that `listening` has started. A changed answer may name any host, and any
 * port of this one, where another machine or a database listens.
 */
export function connectsToOwnPorts(): void {
  const put = (ofNet: unknown, ofAgents: unknown): void => {
    Object.assign(net, { connect: ofNet })
    Object.assign(Agent.prototype, { createConnection: ofAgents })
    syncBuiltinESMExports()
  }
  before(() => put(connectOwn, connectOwn))
  after(() => put(connect, createConnection))
}

/** A server that was started, and can be connected to. */
export async function listening<Server extends LoopbackServer>(server: Server): Promise<Server> {
  await server.listen()
  ownPorts.add(server.port)
  return server
}

/** Ends what `listening` has started. */
export function end(server: LoopbackServer): void {
  ownPorts.delete(server.port)
  server.close()
}
