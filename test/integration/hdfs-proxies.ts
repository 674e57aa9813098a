import { Proxy } from '../support/proxy.ts'
import type { HdfsServer } from '../support/servers/hdfs-server.ts'

export type Harm = Proxy

/** The options of a storage that reaches both servers through proxies. */
export interface Proxied {
  readonly namenode: string
  readonly route: (hostAndPort: string) => string
}

/** Runs `test` with a proxy in front of the NameNode, and one in front of the DataNode that it redirects to. */
export async function withProxies(
  server: HdfsServer,
  test: (options: Proxied, proxies: { name: Proxy; data: Proxy }) => Promise<void>
): Promise<void> {
  const [name, data] = await Promise.all([server.address, server.dataAddress].map(at => new Proxy(portOf(at)).listen()))
  const route = (hostAndPort: string): string =>
    hostAndPort === server.dataAddress ? `127.0.0.1:${data!.port}` : hostAndPort
  try {
    await test({ namenode: name!.origin, route }, { name: name!, data: data! })
  } finally {
    await Promise.all([name!.close(), data!.close()])
  }
}

const portOf = (address: string): number => Number(address.split(':')[1])
