import { OptionsError } from '../../errors.ts'
import type { Address } from './zookeeper.ts'

const server = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?:[:\s]\s*(\d{1,5}))?$/

/** The servers in `zookeeper.quorum`: hosts between commas, each with a port of its own behind `:` or a space, or without. */
export function quorumOf(text: string, port: number): Address[] {
  return text.split(',').map(part => {
    const [, six, host = six, own = String(port)] = server.exec(part.trim()) ?? []
    if (host === undefined || Number(own) < 1 || Number(own) > 65_535) {
      const wanted = 'must be hosts between commas, each with or without a port: "zk1,zk2:2181"'
      throw new OptionsError(`failover/zookeeper.quorum ${wanted}, got ${JSON.stringify(text.replace(/.*@/s, '…@'))}`)
    }
    return { host, port: Number(own) }
  })
}
