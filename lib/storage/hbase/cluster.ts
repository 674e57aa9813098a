import { StorageError } from '../../errors.ts'
import { HBaseFailure, noAnswer } from './failure.ts'
import { BinaryReader, eachField, eachFieldWithin } from './protobuf.ts'
import { RpcConnection } from './rpc-connection.ts'
import { type Address, nodesOf } from './zookeeper.ts'

export interface ClusterOptions {
  readonly quorum: readonly Address[]
  /** The node that HBase's own nodes are under. */
  readonly parent: string
  readonly user: string
  readonly timeout: number
  /** Where a server is really reached, for tests that put a proxy between. */
  readonly through?: ((address: Address) => Address) | undefined
}

type Service = 'ClientService' | 'MasterService'

/** The servers of an HBase: found through ZooKeeper, with one connection to each that is used. */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #connections = new Map<string, RpcConnection>()
  #isClosed = false

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  /** A call to a server. Rejects with an `HBaseFailure`. */
  async call(address: Address, service: Service, method: string, parameter: Uint8Array): Promise<BinaryReader> {
    return this.#connection(address, service).call(method, parameter, this.#options.timeout)
  }

  /** The server that has the regions of `hbase:meta`. */
  metaServer(signal: AbortSignal): Promise<Address> {
    return this.#find('meta-region-server', signal)
  }

  master(signal: AbortSignal): Promise<Address> {
    return this.#find('master', signal)
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections.values()) connection.close()
    this.#connections.clear()
  }

  #connection(address: Address, service: Service): RpcConnection {
    if (this.#isClosed) throw new HBaseFailure('', 'the storage was closed', false)
    const name = `${service} ${address.host}:${address.port}`
    const open = this.#connections.get(name)
    if (open !== undefined && !open.isBroken) return open
    const { through, user } = this.#options
    const connection = new RpcConnection(through?.(address) ?? address, service, user)
    this.#connections.set(name, connection)
    return connection
  }

  async #find(node: string, signal: AbortSignal): Promise<Address> {
    const { quorum, parent, timeout } = this.#options
    const [itself, found] = await nodesOf(quorum, [parent, `${parent}/${node}`], signal, timeout)
    if (found !== undefined) return serverIn(found)
    // An HBase that is starting, or whose master is away, has the parent already.
    if (itself !== undefined)
      throw noAnswer(`there is no ${parent}/${node} in ZooKeeper: no server has taken that part`)
    throw new StorageError(
      'SPW_ERR_STORAGE',
      `zookeeper.znode.parent must be the node of an HBase, got ${JSON.stringify(parent)}, which is not there.`,
      { retryable: false }
    )
  }
}

// A byte 0xff, the length of an id and the id; then `PBUF` and a message whose first field is the server.
function serverIn(node: Buffer): Address {
  const start = node[0] === 0xff ? 5 + node.readUInt32BE(1) : 0
  const address = { host: '', port: 0 }
  if (node.toString('latin1', start, start + 4) === 'PBUF') {
    const reader = new BinaryReader(node.subarray(start + 4))
    eachField(reader, reader.len, field => {
      if (field !== 1) return
      eachFieldWithin(reader, inner => {
        if (inner === 1) address.host = reader.string()
        else if (inner === 2) address.port = reader.uint32()
      })
    })
  }
  if (address.host === '') throw noAnswer('ZooKeeper has an entry of HBase in a form that is not known')
  return address
}
