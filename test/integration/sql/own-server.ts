import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { replay } from '../../../lib/replay.ts'
import type { OwnSqlServer } from '../../support/servers/postgres-server.ts'
import { entriesIn, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { paused } from '../../support/waiting.ts'
import { failureOf } from './tables.ts'
import type { Workshop } from './workshop.ts'

/** What needs a server that may be killed, or that has certificates. */
export function ownServerSuite(shop: Workshop, server: () => OwnSqlServer): void {
  const { kind } = shop

  it('keeps all that was appended when the server is killed in the middle of appends', async () => {
    const storage = shop.storage({ table: shop.newTable(), timeout: 3_000 })
    const appended: string[] = []
    let isOver = false
    const appendOn = async (): Promise<void> => {
      while (!isOver) {
        const deliveries = failedDeliveries(50, 'x', 200)
        for (;;) {
          const error = await storage.append(deliveries).then(
            () => undefined,
            (reason: unknown) => reason
          )
          if (error === undefined) break
          expect(error).to.include({ retryable: true })
          await paused(50)
        }
        appended.push(...idsOf(deliveries))
      }
    }
    const appending = Promise.all([appendOn(), appendOn()])
    for (let kills = 0; kills < 2; kills++) {
      await paused(300)
      await server().kill()
      await server().start()
    }
    isOver = true
    await appending
    expect(idsOf(await entriesIn(storage)).sort()).to.deep.equal(appended.sort())
  }).timeout(60_000)

  it('gives every entry of a replay in whose middle the server was killed, by the same or the next one', async () => {
    const table = shop.newTable()
    const deliveries = failedDeliveries(2_000)
    await shop.storage({ table }).append(deliveries)
    const delivered = new Set<string>()
    for (let round = 0; round < 10 && delivered.size < 2_000; round++) {
      const storage = shop.storage({ table, lease: 1_000, timeout: 10_000 })
      const replayed = replay(storage)
      const sink = new Writable({
        objectMode: true,
        write(delivery: Delivery, _encoding, callback) {
          delivered.add(delivery.id)
          if (round === 0 && delivered.size === 500)
            void server()
              .kill()
              .then(() => server().start())
          const settled = delivery.settle('delivered') ?? Promise.resolve()
          settled.then(() => callback(), callback)
        }
      })
      await pipeline(replayed, sink).catch((error: unknown) => expect(error).to.include({ retryable: true }))
      await replayed.settled().catch(() => undefined)
      await storage.close()
      if (delivered.size < 2_000) await paused(1_100)
    }
    expect([...delivered].sort()).to.deep.equal(idsOf(deliveries).sort())
    expect(await entriesIn(shop.storage({ table }))).to.deep.equal([])
  }).timeout(60_000)

  it('says that the server is not trusted, unless its certificate is known or anyone is taken', async () => {
    const { address, certificate } = server()
    const table = shop.newTable()
    const name = `localhost:${address.split(':')[1]}`
    const mode = kind.name === 'mysql' ? '?sslMode=VERIFY_IDENTITY' : '?sslmode=verify-full'
    const jdbcUrl = kind.url(name, mode)
    const error = await failureOf(shop.storage({ table, jdbcUrl }).open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include('certificate is not trusted').and.include('"ca"')
    for (const trust of [{ ca: certificate }, { insecure: true }]) {
      const storage = shop.storage({ table, jdbcUrl, ...trust })
      await storage.append(failedDeliveries(1))
    }
    expect(await entriesIn(shop.storage({ table }))).to.have.length(2)
  })

  it('shows its certificate to a server that wants one', async () => {
    const { address, certificate: ca, key } = server()
    const username = 'spillway test'
    const table = shop.newTable()
    await shop.storage({ table }).open()
    if (kind.name === 'mysql') {
      await shop.run(`create user '${username}' require x509`)
      await shop.run(`grant all on test.* to '${username}'`)
    } else await shop.run(`create role "${username}" login superuser`)
    const mode = kind.name === 'mysql' ? '?sslMode=VERIFY_CA' : '?sslmode=verify-ca'
    const options = { table, username, ca, jdbcUrl: kind.url(address, mode) }
    try {
      expect(await failureOf(shop.storage(options).open())).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      await shop.storage({ ...options, cert: ca, key }).append(failedDeliveries(1))
    } finally {
      await shop.run(kind.name === 'mysql' ? `drop user '${username}'` : `drop role "${username}"`)
    }
    expect(await entriesIn(shop.storage({ table }))).to.have.length(1)
  })

  it('says which file with certificates cannot be read', async () => {
    const mode = kind.name === 'mysql' ? '?useSSL=true' : '?ssl=true'
    const storage = shop.storage({ table: 'x', jdbcUrl: kind.url(server().address, mode), ca: '/none.pem' })
    const error = await failureOf(storage.open())
    expect(error).to.include({ retryable: false })
    expect(error.message).to.include('failover/ca must be a file that can be read, got "/none.pem"')
  })

  it('T48 says that the server takes no writes, reads on, and appends again once it does', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).append(failedDeliveries(1))
    const storage = shop.storage({ table, ...(await shop.user('select, insert, update, delete')) })
    await storage.open()
    await readOnly(true)
    try {
      // The first one may meet a connection that was killed.
      await storage.append(failedDeliveries(1)).catch(() => undefined)
      const error = await failureOf(storage.append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.include('takes no writes')
      expect(await entriesIn(storage)).to.have.length(1)
    } finally {
      await readOnly(false)
    }
    const deliveries = failedDeliveries(1)
    await storage.append(deliveries).catch(() => storage.append(deliveries))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  async function readOnly(isOn: boolean): Promise<void> {
    if (kind.name === 'mysql') await shop.run(`set global read_only = ${isOn ? 1 : 0}`)
    else {
      await shop.run('set default_transaction_read_only = off')
      await shop.run(`alter database test set default_transaction_read_only = ${isOn ? 'on' : 'off'}`)
      // For connections that are there, too.
      await shop.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'test'"
      )
    }
  }

  it('T37 says that the password is wrong, and not which', async () => {
    const admin = await shop.admin()
    const username = kind.name === 'mysql' ? (await shop.user('select')).username : 'guarded'
    if (kind.name === 'postgres') await admin.run("create role guarded login password 'right one'")
    const error = await failureOf(shop.storage({ table: 'x', username, password: 'canary-1234' }).open())
    if (kind.name === 'postgres') await admin.run('drop role guarded')
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include('the password is wrong')
    expect(inspect(error, { depth: 10 })).not.to.include('canary')
  })
}
