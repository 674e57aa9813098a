import { expect } from 'chai'
import { storageContract } from '../../lib/testing/storage-contract.ts'
import { failedDeliveries, failedDelivery } from '../support/deliveries.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { claimSuite } from './sql/claims.ts'
import { faultSuite } from './sql/faults.ts'
import { mysqlKind } from './sql/kind.ts'
import { recordSuite } from './sql/records.ts'
import { failureOf, tableSuite } from './sql/tables.ts'
import { Workshop } from './sql/workshop.ts'

onServer(mysqlKind.service, addressOf, server => {
  const shop = new Workshop(mysqlKind, server)
  let table = ''
  storageContract(
    'MysqlStorage',
    () => {
      table = shop.newTable()
      return shop.storage({ table })
    },
    { reopen: () => shop.storage({ table }) }
  )

  describe('MysqlStorage', () => {
    tableSuite(shop)
    recordSuite(shop)
    claimSuite(shop)
    faultSuite(shop)

    it('T48 takes no row for another one by the beginning of its id', async () => {
      const table = shop.newTable()
      await shop.run(`create table ${table} (${mysqlKind.streamParkColumns}, id varchar(255), unique (id(3)))`)
      const storage = shop.storage({ table })
      const error = await failureOf(storage.append(['abc-1', 'abc-2'].map(id => failedDelivery(['a'], { id }))))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include(`The table ${table} has a unique key over (id(3))`)
    })

    it('T39 refuses a table that has no transactions: two would claim the same row', async () => {
      const table = shop.newTable()
      await shop.run(`create table ${table} (${mysqlKind.streamParkColumns}) engine = MyISAM`)
      const error = await failureOf(shop.storage({ table }).append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include(`The table ${table} has the engine MyISAM`).and.include('InnoDB')
    })
  })
})
