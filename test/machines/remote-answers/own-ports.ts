import net, { type NetConnectOpts, type Socket } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'

/** Ports of servers of a machine. A changed answer may name any host: only these are connected to. */
export const ownPorts = new Set<number>()

const connect = net.connect as (options: NetConnectOpts, ...rest: unknown[]) => Socket

function connectOwn(options: NetConnectOpts, ...rest: unknown[]): Socket {
  const { host, port } = options as { host?: string; port: number }
  if (host === '127.0.0.1' && ownPorts.has(port)) return connect(options, ...rest)
  return new net.Socket().destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
}

/** In a suite: nothing but `ownPorts` is reached by `connect` of `node:net`. */
export function connectsToOwnPorts(): void {
  const put = (function_: unknown): void => {
    Object.assign(net, { connect: function_ })
    syncBuiltinESMExports()
  }
  before(() => put(connectOwn))
  after(() => put(connect))
}
