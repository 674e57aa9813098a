import { HBaseStorage, type HBaseStorageOptions } from '../../lib/storage/hbase-storage.ts'
import type { Storage } from '../../lib/storage/storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { hbase, restAddressOf } from '../support/servers/hbase-server.ts'
import { tablesOf } from '../support/servers/hbase-tables.ts'
import { addressOf, onServer } from '../support/servers/service.ts'

const ways: ReadonlyArray<readonly [name: string, options: (address: string) => Omit<HBaseStorageOptions, 'table'>]> = [
  ['HBaseStorage', address => ({ 'zookeeper.quorum': address })],
  ['HBaseStorage by REST', address => ({ 'rest.url': `http://${restAddressOf(address)}` })]
]

for (const [name, options] of ways) {
  onServer(hbase, addressOf, server => {
    const tables = tablesOf(server)
    const tableOf = new WeakMap<Storage, string>()
    const over = (table: string): Storage => {
      const storage = new HBaseStorage({ table, ...options(server()) })
      tableOf.set(storage, table)
      return storage
    }
    storageContract(name, async () => over(await tables.emptied()), { reopen: storage => over(tableOf.get(storage)!) })
  })
}
