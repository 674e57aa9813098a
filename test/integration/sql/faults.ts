import { expect } from 'chai'
import type { SqlOptions } from '../../../lib/storage/sql/options.ts'
import type { SqlStorage } from '../../../lib/storage/sql/sql-storage.ts'
import type { Proxy } from '../../support/proxy.ts'
import { freePorts } from '../../support/servers/free-ports.ts'
import { entriesIn, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { insist } from '../../support/insist.ts'
import { children } from '../../support/run-in-child.ts'
import { paused, within } from '../../support/waiting.ts'
import { failureOf } from './tables.ts'
import type { Workshop } from './workshop.ts'

const isLong = process.env.SPILLWAY_LONG === '1'

/** The server, the network, or another session does harm. */
export function faultSuite(shop: Workshop): void {
  const { kind } = shop
  const start = children()

  function through(proxy: Proxy, options: Partial<SqlOptions> & { table: string }): SqlStorage {
    return shop.storage({ jdbcUrl: kind.url(`127.0.0.1:${proxy.port}`), ...options })
  }

  it('T33 says that nobody listens, and connects once somebody does', async () => {
    const [port] = await freePorts(1)
    const table = shop.newTable()
    const storage = shop.storage({ table, jdbcUrl: kind.url(`127.0.0.1:${port}`), timeout: 1_000 })
    const error = await failureOf(storage.append(failedDeliveries(1)))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    expect(error.message).to.include(table).and.include('ECONNREFUSED')
    expect(await failureOf(storage.open())).to.include({ retryable: true })
    expect(await failureOf(entriesIn(storage))).to.include({ retryable: true })
  })

  it('T34 T44 leaves one row of each when a connection is cut at any byte, on either way', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).open()
    const proxy = await shop.proxy()
    const sizes = isLong ? range(0, 12_000, 40) : range(0, 12_000, 700)
    const appended: string[] = []
    for (const way of ['cutUp', 'cutDown'] as const) {
      for (const size of way === 'cutUp' ? sizes : sizes.map(size => size / 4)) {
        proxy.toxics.cutUp = proxy.toxics.cutDown = undefined
        proxy.toxics[way] = Math.floor(size)
        const storage = through(proxy, { table, timeout: 5_000 })
        const deliveries = failedDeliveries(10, 'x', 200)
        const failure = await outcomeOf(storage.append(deliveries))
        if (failure !== undefined) expect(failure).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
        proxy.toxics[way] = undefined
        await storage.append(deliveries)
        appended.push(...idsOf(deliveries))
        await storage.close()
      }
    }
    expect(idsOf(await entriesIn(shop.storage({ table }))).sort()).to.deep.equal(appended.sort())
  }).timeout(isLong ? 600_000 : 60_000)

  it('reads and removes on when connections are cut at any byte', async () => {
    const table = shop.newTable()
    const deliveries = failedDeliveries(300, 'x', 300)
    await shop.storage({ table }).append(deliveries)
    const proxy = await shop.proxy()
    const storage = through(proxy, { table, lease: 500, timeout: 1_000 })
    const seen = new Set<string>()
    proxy.toxics.cutDown = 70_000
    for (let round = 0; seen.size < 300 && round < 50; round++) {
      try {
        for await (const entry of storage.read({ claim: true })) {
          seen.add(entry.id)
          if (seen.size % 20 === 0) proxy.reset()
          await storage.remove([entry])
        }
      } catch (error) {
        expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      }
      // What was claimed by a transaction whose answer was lost lapses.
      if (seen.size < 300) await paused(600)
    }
    expect([...seen].sort()).to.deep.equal(idsOf(deliveries).sort())
    expect(await entriesIn(shop.storage({ table }))).to.deep.equal([])
  }).timeout(60_000)

  it('T35 gives up after its timeout when the server does not answer, and goes on when it does', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).open()
    const proxy = await shop.proxy()
    const storage = through(proxy, { table, timeout: 700 })
    const first = failedDeliveries(1)
    await insist(() => storage.append(first))
    proxy.toxics.blackhole = true
    const start = performance.now()
    for (const attempt of [() => storage.append(failedDeliveries(1)), () => entriesIn(storage)]) {
      const error = await failureOf(attempt())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.include('no answer within 700 ms')
    }
    expect(performance.now() - start).to.be.below(4_600)
    proxy.toxics.blackhole = false
    const deliveries = failedDeliveries(1)
    await insist(() => storage.append(deliveries))
    expect(idsOf(await insist(() => entriesIn(storage)))).to.include(deliveries[0]!.id)
  }).timeout(30_000)

  it('closes in time when the server does not answer', async () => {
    const table = shop.newTable()
    await shop.storage({ table }).append(failedDeliveries(1))
    const proxy = await shop.proxy()
    const storage = through(proxy, { table, timeout: 1_000 })
    // Connected before it claims: what it claims without being told is given to nobody.
    await insist(() => storage.open())
    expect(await entriesIn(storage, { claim: true })).to.have.length(1)
    proxy.toxics.blackhole = true
    const start = performance.now()
    await storage.close()
    expect(performance.now() - start).to.be.below(4_400)
  }).timeout(30_000)

  it('lets its process end when it is closed', async () => {
    const options = { storage: kind.name, table: shop.newTable(), jdbcUrl: kind.url(shop.address), username: kind.user }
    const child = start(new URL('../../storage/sql/storage-child.ts', import.meta.url), [JSON.stringify(options)])
    await child.line('closed after 3')
    expect(await within(child.ended, 'the end of the process', 3_000)).to.include({ code: 0, errors: '' })
  }).timeout(20_000)

  it('T36 is back by itself after an outage', async () => {
    const table = shop.newTable()
    const proxy = await shop.proxy()
    const storage = through(proxy, { table, timeout: 1_000 })
    await storage.append(failedDeliveries(1))
    proxy.toxics.refuse = true
    proxy.reset()
    expect(await failureOf(storage.append(failedDeliveries(1)))).to.include({ retryable: true })
    expect(await failureOf(storage.remove(await entriesIn(shop.storage({ table }))))).to.include({ retryable: true })
    proxy.toxics.refuse = false
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(3)
  })

  it('T40 takes no harm when its connections are killed, idle or in use', async () => {
    const table = shop.newTable()
    const admin = await shop.admin()
    const owner = await shop.user('select, insert, update, delete, create, alter')
    const storage = shop.storage({ table, ...owner })
    await storage.append(failedDeliveries(1))
    const appended: string[] = []
    for (let round = 0; round < 10; round++) {
      await kind.killOthers(admin, owner.username)
      if (round % 2 === 0) await paused(20)
      const deliveries = failedDeliveries(200, 'x', 500)
      const append = outcomeOf(storage.append(deliveries))
      await kind.killOthers(admin, owner.username)
      const failure = await append
      if (failure !== undefined) expect(failure).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      while ((await outcomeOf(storage.append(deliveries))) !== undefined) await paused(10)
      appended.push(...idsOf(deliveries))
    }
    expect(idsOf(await entriesIn(storage)))
      .to.include.members(appended)
      .and.have.length(appended.length + 1)
    await kind.killOthers(admin, owner.username)
  }).timeout(30_000)

  it('T41 outlives deadlocks: appends and removals in opposite orders', async () => {
    const table = shop.newTable()
    const storages = [shop.storage({ table }), shop.storage({ table })]
    const deliveries = failedDeliveries(300)
    await storages[0]!.append(deliveries)
    const entries = await entriesIn(storages[0]!)
    await Promise.all([
      storages[0]!.remove(entries.slice(0, 200)),
      storages[1]!.remove([...entries].reverse().slice(0, 200)),
      storages[0]!.append([...deliveries].reverse()),
      storages[1]!.append(deliveries),
      entriesIn(storages[1]!, { claim: true })
    ])
    for (const storage of storages) await storage.remove(entries)
    expect(await entriesIn(storages[0]!)).to.deep.equal([])
  })

  it('T41 T48 waits for a lock no longer than its timeout, and repeats a removal that had to', async () => {
    const table = shop.newTable()
    const storage = shop.storage({ table, timeout: 3_000 })
    const deliveries = failedDeliveries(1)
    await storage.append(deliveries)
    const [entry] = await entriesIn(storage)
    const admin = await kind.admin(shop.address)
    await admin.run('begin')
    await admin.run(`select * from ${kind.quoted(table)} for update`)
    expect(await failureOf(shop.storage({ table, timeout: 1_200 }).remove([entry!]))).to.include({ retryable: true })
    const removal = storage.remove([entry!])
    await paused(300)
    await admin.run('commit')
    await removal
    await admin.close()
    expect(await entriesIn(storage)).to.deep.equal([])
  })

  it('T43 takes an append again that is done already', async () => {
    const storage = shop.storage({ table: shop.newTable() })
    const deliveries = failedDeliveries(1_500)
    await Promise.all([storage.append(deliveries), storage.append(deliveries), storage.append(deliveries.slice(700))])
    expect(idsOf(await entriesIn(storage)).sort()).to.deep.equal(idsOf(deliveries).sort())
  })

  it('tries the hosts in their order, until one can be reached', async () => {
    const [closed] = await freePorts(1)
    const table = shop.newTable()
    const storage = shop.storage({ table, jdbcUrl: kind.url(`127.0.0.1:${closed},${shop.address}`) })
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage)).to.have.length(1)
  })

  it('reaches localhost, whatever address it has first', async () => {
    const storage = shop.storage({
      table: shop.newTable(),
      jdbcUrl: kind.url(`localhost:${shop.address.split(':')[1]}`)
    })
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage)).to.have.length(1)
  })

  it('says which database is not there', async () => {
    const jdbcUrl = kind.url(shop.address).replace('/test', '/spw_none')
    const error = await failureOf(shop.storage({ table: 'x', jdbcUrl }).open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include('no such database')
  })
}

/** What it rejects with, `undefined` when it does not. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error
  )

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)
}
