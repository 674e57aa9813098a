import { expect } from 'chai'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { replay } from '../../lib/replay.ts'
import { HBaseStorage } from '../../lib/storage/hbase-storage.ts'
import { failedDelivery } from '../../lib/testing/sample-deliveries.ts'
import { entriesIn, idsOf } from '../support/deliveries.ts'
import { insist } from '../support/insist.ts'
import { hbase } from '../support/servers/hbase-server.ts'
import { tablesOf } from '../support/servers/hbase-tables.ts'
import { onServer, ownServer } from '../support/servers/service.ts'
import { children } from '../support/run-in-child.ts'
import { paused, until } from '../support/waiting.ts'

const child = new URL('../support/servers/hbase-child.ts', import.meta.url)

onServer(hbase, ownServer, server => {
  const tables = tablesOf(() => server().address)
  const run = children()

  const over = (table: string, timeout = 10_000): HBaseStorage =>
    new HBaseStorage({ table, 'zookeeper.quorum': server().address, timeout })

  it('T34 T36 loses nothing when the server is killed in the middle of appends and of a replay', async () => {
    const table = tables.named()
    const first = Array.from({ length: 2_000 }, (_, i) => failedDelivery([`first ${i}`]))
    const made = over(table)
    await made.append(first)
    await made.close()
    const storage = over(table, 2_000)
    const stored = new Set<string>()
    const failover = new FailoverWritable({ storage, batchSize: 100 })
    let isOver = false
    const writer = (async () => {
      for (let i = 0; !isOver; i++) {
        const delivery = failedDelivery([`second ${i}`])
        const goOn = failover.write(delivery, undefined, error => {
          if (!error) stored.add(delivery.id)
        })
        if (!goOn) await new Promise<void>(resolve => failover.once('drain', resolve))
        if (i % 50 === 0) await paused(1)
      }
    })()
    const replayed = new Set<string>()
    const other = over(table, 60_000)
    const replaying = (async () => {
      for await (const delivery of replay(other)) {
        replayed.add(delivery.id)
        await paused(1)
        await delivery.settle('delivered')
        if (replayed.size === 1_000) return
      }
    })()
    await until(() => stored.size > 500 && replayed.size > 200, 'some of both', 20_000)
    await server().kill()
    const before = stored.size
    await server().start()
    await until(() => stored.size > before + 500, 'appends after the restart', 40_000)
    isOver = true
    await writer
    failover.end()
    await failover.settled()
    await replaying
    await other.close()

    const ids = idsOf(await insist(() => entriesIn(storage)))
    await storage.close()
    const given = new Set(ids)
    expect(ids).to.have.length(given.size)
    for (const id of stored) expect(given.has(id) || replayed.has(id), `${id} is there or was replayed`).to.equal(true)
    for (const { id } of first)
      expect(given.has(id) || replayed.has(id), `${id} is there or was replayed`).to.equal(true)
  }).timeout(120_000)

  it('T35 waits for a server that was stopped, and has one entry of what was tried meanwhile', async () => {
    const table = tables.named()
    const first = over(table)
    await first.append([failedDelivery(['before'])])
    await first.close()
    const storage = over(table, 1_000)
    const failover = new FailoverWritable({ storage })
    server().pause()
    const deliveries = Array.from({ length: 50 }, (_, i) => failedDelivery([`${i}`]))
    for (const delivery of deliveries) failover.write(delivery)
    await paused(2_400)
    server().resume()
    failover.end()
    await failover.settled()
    const given = idsOf(await insist(() => entriesIn(storage)))
    await storage.close()
    expect(given).to.have.length(51)
    expect(given).to.include.members(deliveries.map(({ id }) => id))
  }).timeout(40_000)

  it('gives all that a process had stored when it was killed, and what it had claimed when its lease is over', async () => {
    const table = tables.named()
    const made = over(table)
    await made.open()
    await made.close()
    const writer = run(child, ['append', server().address, table])
    await writer.line('stored 400')
    await writer.kill()
    const stored = writer.lines.filter(line => line.startsWith('stored ')).length
    const reader = run(child, ['claim', server().address, table])
    await reader.line('claimed')
    const storage = over(table)
    await storage.open()
    await reader.kill()
    const given = new Set<string>()
    const claim = async (): Promise<void> => {
      for await (const { id } of storage.read({ claim: true })) given.add(id)
    }
    await claim()
    const atFirst = given.size
    const end = performance.now() + 20_000
    while (given.size < stored && performance.now() < end) await claim()
    await storage.close()
    expect(atFirst).to.be.lessThan(stored)
    expect(given.size).to.be.at.least(stored)
  }).timeout(60_000)

  it('lets the process end by itself once it is closed', async () => {
    const done = run(child, ['whole', server().address, tables.named()])
    await done.line('closed')
    const start = performance.now()
    expect((await done.ended).code).to.equal(0)
    expect(performance.now() - start).to.be.lessThan(3_000)
  }).timeout(30_000)
})
