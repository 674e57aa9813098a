import { storageContract } from '../../lib/testing/storage-contract.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { claimSuite } from './sql/claims.ts'
import { faultSuite } from './sql/faults.ts'
import { mysqlKind } from './sql/kind.ts'
import { recordSuite } from './sql/records.ts'
import { tableSuite } from './sql/tables.ts'
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
  })
})
