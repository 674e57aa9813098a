import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onServer, ownServer, type Service } from '../support/servers/service.ts'
import { type OwnSqlServer, userToRunAs } from '../support/servers/postgres-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { postgresKind } from './sql/kind.ts'
import { expectToBearFullness } from './sql/full.ts'
import { ownServerSuite } from './sql/own-server.ts'
import { Workshop } from './sql/workshop.ts'

const own = async (service: Service): Promise<OwnSqlServer> => (await ownServer(service)) as OwnSqlServer

onServer(postgresKind.service, own, server => {
  describe('PostgresStorage', () => {
    ownServerSuite(new Workshop(postgresKind, () => server().address), server)
  })
})

onServer(postgresKind.service, ownServer, server => {
  const shop = new Workshop(postgresKind, () => server().address)
  let space: string
  after(() => spawnSync('/bin/umount', [space]))
  const folder = temporaryFolder()

  before(async function () {
    space = folder()
    await mkdir(space)
    await chmod(join(space, '..'), 0o711)
    // A table space on a disk of its own: only root can mount one.
    if (spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=777', 'tmpfs', space]).status === 0) return
    console.log('      skipped: no small disk can be mounted here')
    this.skip()
  })

  it('keeps what was taken when the disk of PostgreSQL is full, and says so', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).open()
    await mkdir(join(space, 'data'))
    await chown(join(space, 'data'), userToRunAs().uid!, userToRunAs().gid!)
    await shop.run(`create tablespace small location '${join(space, 'data')}'`)
    await shop.run(`alter table "${table}" set tablespace small`)
    try {
      await expectToBearFullness(shop.storage({ table, timeout: 30_000 }))
    } finally {
      await shop.run(`drop table "${table}"`)
      await shop.run('drop tablespace small')
    }
  }).timeout(60_000)
})
