import { expect } from 'chai'
import { boundaryAt, endOfEntries, rowKeyOf, startOfEntries } from '../../lib/storage/hbase/row-key.ts'
import type { ScanRange } from '../../lib/storage/hbase/table.ts'
import { hbase } from '../support/servers/hbase-server.ts'
import { tablesOf } from '../support/servers/hbase-tables.ts'
import { addressOf, onServer } from '../support/servers/service.ts'

onServer(hbase, addressOf, server => {
  const tables = tablesOf(server)

  describe('NativeTable, with a thousand rows of a kilobyte', () => {
    const rows = 1_000

    it('gives all that are wanted in one answer, where a server would else stop at 256 KB', async () => {
      const table = tables.admin().table(tables.named())
      try {
        await table.open()
        const keys = [...Array(rows).keys()].map(i => rowKeyOf(`x-${i.toString(36)}`, 1, 1_000_000 + i))
        await table.put(keys.map(key => ({ key, cells: [['values', 'x'.repeat(1_000)]] })))
        const firstOf = async (range: ScanRange): Promise<number> => {
          const scan = table.scan(range)
          const first = await scan.next()
          scan.close()
          return first!.length
        }
        const window = { from: boundaryAt(1_000_000 + rows), before: endOfEntries, forward: true }
        expect(await firstOf({ ...window, wanted: 3 * rows })).to.equal(rows)
        expect(await firstOf(window)).to.be.below(rows / 2)
        expect(await firstOf({ from: startOfEntries, before: endOfEntries, wanted: 250 })).to.equal(250)
      } finally {
        await table.close()
      }
    })
  })
})
