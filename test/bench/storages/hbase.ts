import type { Delivery } from '../../../lib/delivery.ts'
import { entryRowOf, putOf } from '../../../lib/storage/hbase/entry-row.ts'
import { NativeTable } from '../../../lib/storage/hbase/native-table.ts'
import type { Put, Row } from '../../../lib/storage/hbase/table.ts'
import { hbase } from '../../support/servers/hbase-server.ts'
import type { BareDriver, StorageBench } from './storage-bench.ts'

/** There is no driver for HBase 2 on npm that works, so the bare one is our client alone: one call of `Multi`, one scan. */
export const hbaseBench: StorageBench = {
  service: hbase,
  options: (address, name) => ({ storage: 'hbase', table: name, 'zookeeper.quorum': address }),
  bare
}

async function bare(address: string, name: string): Promise<BareDriver<readonly Put[]>> {
  const [host, port] = address.split(':') as [string, string]
  const table = new NativeTable(
    { namespace: 'default', qualifier: name },
    { quorum: [{ host, port: Number(port) }], parent: '/hbase', user: 'root', timeout: 10_000 }
  )
  await table.open()
  const all = { from: Buffer.alloc(0), before: Buffer.from([0xff]), forward: true }

  async function eachPage(take: (rows: readonly Row[]) => Promise<unknown>): Promise<void> {
    const scan = table.scan(all)
    for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) await take(rows)
  }

  return {
    prepared: (deliveries: readonly Delivery[]) => deliveries.map(delivery => putOf(entryRowOf(delivery), Date.now())),
    append: puts => table.put(puts),
    read: async () => {
      let count = 0
      // A driver hands out the cells. Ours takes them out of an answer only when somebody looks.
      await eachPage(async rows => {
        for (const { cells } of rows) if (cells.has('values')) count++
      })
      return count
    },
    close: async () => {
      await eachPage(rows => table.remove(rows.map(({ key }) => ({ key }))))
      await table.close()
    }
  }
}
