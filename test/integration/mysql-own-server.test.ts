import { expect } from 'chai'
import { entriesIn, failedDeliveries, failedDelivery } from '../support/deliveries.ts'
import { onServer, ownServer, type Service } from '../support/servers/service.ts'
import type { OwnSqlServer } from '../support/servers/postgres-server.ts'
import { launchMariadb } from '../support/servers/mariadb-server.ts'
import { expectToBearFullness } from './sql/full.ts'
import { mysqlKind } from './sql/kind.ts'
import { ownServerSuite } from './sql/own-server.ts'
import { Workshop } from './sql/workshop.ts'

const own = async (service: Service): Promise<OwnSqlServer> => (await ownServer(service)) as OwnSqlServer

onServer(mysqlKind.service, own, server => {
  describe('MysqlStorage', () => {
    const shop = new Workshop(mysqlKind, () => server().address)
    ownServerSuite(shop, server)

    for (const [size, count, packet] of [
      [190_000, 5, 1],
      [20_000, 36, 1],
      [17_000_000, 1, 64]
    ] as const) {
      it(`T48 appends ${count} deliveries of ${size} bytes at once to a server that takes packets of ${packet} MiB`, async () => {
        await shop.run(`set global max_allowed_packet = ${packet * 1024 * 1024}`)
        const storage = shop.storage({ table: shop.newTable() })
        const deliveries = Array.from({ length: count }, (_, i) => failedDelivery([`${i}`.padEnd(size, 'x')]))
        await storage.append(deliveries)
        const entries = await entriesIn(storage)
        const stored = entries.flatMap(({ envelope }) => envelope.records)
        expect(stored.sort()).to.deep.equal(deliveries.flatMap(({ records }) => records).sort())
      }).timeout(30_000)
    }

    for (const settings of [
      ['autocommit = 0'],
      ['completion_type = 1'],
      ['sql_safe_updates = 1', 'sql_select_limit = 1']
    ]) {
      it(`appends, claims and removes as ever in sessions that begin with ${settings.join(' and ')}`, async () => {
        const table = shop.newTable()
        const admin = await shop.admin()
        for (const setting of settings) await admin.run(`set global ${setting}`)
        try {
          const storage = shop.storage({ table })
          await storage.append(failedDeliveries(3))
          const claimed = await entriesIn(storage, { claim: true })
          await storage.append(failedDeliveries(2))
          await storage.remove(claimed.slice(1))
          await storage.close()
          expect(await entriesIn(shop.storage({ table }), { claim: true })).to.have.length(3)
        } finally {
          for (const setting of settings) await admin.run(`set global ${setting.replace(/=.*/, '= default')}`)
        }
      })
    }
  })
})

const smallMariadb: Service = {
  ...mysqlKind.service,
  launch: () =>
    launchMariadb([
      '--innodb-file-per-table=0',
      '--innodb-data-file-path=ibdata1:12M:autoextend:max:32M',
      '--innodb-autoextend-increment=1',
      '--innodb-log-file-size=8M'
    ])
}

onServer(smallMariadb, ownServer, server => {
  const shop = new Workshop(mysqlKind, () => server().address)

  it('T48 keeps what was taken when the table space of MySQL is full, and says so', async () => {
    await expectToBearFullness(shop.storage({ table: shop.newTable(), timeout: 30_000 }))
  }).timeout(60_000)
})
