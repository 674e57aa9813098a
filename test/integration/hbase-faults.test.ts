import { expect } from 'chai'
import { StorageError } from '../../lib/errors.ts'
import { HBaseStorage, type HBaseStorageOptions } from '../../lib/storage/hbase-storage.ts'
import { recordsOf } from '../../lib/storage/envelope.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { boundaryAt } from '../../lib/storage/hbase/row-key.ts'
import type { Put } from '../../lib/storage/hbase/table.ts'
import type { Address } from '../../lib/storage/hbase/zookeeper.ts'
import { failedDeliveries, failedDelivery } from '../../lib/testing/sample-deliveries.ts'
import { insist } from '../support/insist.ts'
import { children } from '../support/run-in-child.ts'
import { Proxy } from '../support/proxy.ts'
import { freePorts } from '../support/servers/free-ports.ts'
import { addressIn } from '../support/servers/hbase-admin.ts'
import { hbase, restAddressOf } from '../support/servers/hbase-server.ts'
import { tablesOf } from '../support/servers/hbase-tables.ts'
import { addressOf, onServer, ownServer } from '../support/servers/service.ts'
import { paused, until } from '../support/waiting.ts'

const child = new URL('../support/servers/hbase-child.ts', import.meta.url)
const isLong = process.env.SPILLWAY_LONG === '1'

onServer(hbase, addressOf, server => {
  const tables = tablesOf(server)
  const opened: Storage[] = []
  const proxies: Proxy[] = []
  const run = children()

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
    for (const proxy of proxies.splice(0)) await proxy.close()
  })

  const kept = (storage: HBaseStorage): HBaseStorage => {
    opened.push(storage)
    return storage
  }
  const over = (table: string, options: Partial<HBaseStorageOptions> = {}): HBaseStorage =>
    kept(new HBaseStorage({ table, 'zookeeper.quorum': server(), ...options }))
  const byRest = (table: string, options: Partial<HBaseStorageOptions> = {}): HBaseStorage =>
    kept(new HBaseStorage({ table, 'rest.url': `http://${restAddressOf(server())}`, ...options }))

  async function proxyTo(port: number): Promise<Proxy> {
    const proxy = await new Proxy(port).listen()
    proxies.push(proxy)
    return proxy
  }

  /** A storage whose region server and master are behind proxies; `region` is the one of the region server. */
  async function behindProxies(table: string, timeout = 10_000): Promise<{ storage: HBaseStorage; region: Proxy }> {
    const [region0] = await tables.admin().regions(table)
    const regionServer: Address = region0!.server
    const region = await proxyTo(regionServer.port)
    const storage = HBaseStorage.through(
      address => (address.port === regionServer.port ? { host: '127.0.0.1', port: region.port } : address),
      { table, 'zookeeper.quorum': server(), timeout }
    )
    return { storage: kept(storage), region }
  }

  async function madeTable(): Promise<string> {
    const table = tables.named()
    await over(table).open()
    return table
  }

  describe('what is wrong at first use', () => {
    it('T33 says that no server answers when the port is closed', async () => {
      const [port] = (await freePorts(1)) as [number]
      const table = tables.named()
      const storage = over(table, { 'zookeeper.quorum': `127.0.0.1:${port}`, timeout: 300 })
      const error = await failureOf(storage.append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.match(/open the table .* zookeeper\.quorum .*127\.0\.0\.1:\d+ .*ECONNREFUSED/)
    })

    it('T33 goes on to the next server of the quorum when the first is away', async () => {
      const [port] = (await freePorts(1)) as [number]
      const storage = over(tables.named(), { 'zookeeper.quorum': `127.0.0.1:${port},${server()}` })
      await storage.append(failedDeliveries(2))
      expect(await entriesIn(storage)).to.have.length(2)
    })

    it('names a quorum that is no ZooKeeper, and what it got', async () => {
      const error = await failureOf(over('record', { 'zookeeper.quorum': restAddressOf(server()) }).open())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.match(/zookeeper\.quorum: 127\.0\.0\.1:\d+ must be a ZooKeeper server, got .*HTTP/)
    })

    it('names a node that is not there', async () => {
      const error = await failureOf(over('record', { 'zookeeper.znode.parent': '/hbase-unsecure' }).open())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.include('zookeeper.znode.parent must be the node of an HBase, got "/hbase-unsecure"')
    })

    it('names a namespace that is not there', async () => {
      for (const make of [over, byRest]) {
        const error = await failureOf(make('nowhere:record').open())
        expect(error, make.name).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
        expect(error.message).to.include('nowhere')
      }
    })

    it('names a REST server that is none', async () => {
      const error = await failureOf(byRest('record', { 'rest.url': `http://${server()}`, timeout: 500 }).open())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.include('the REST server gave no answer')
    })

    it('adds its family to a table that has another', async () => {
      for (const make of [over, byRest]) {
        const table = tables.named()
        await tables.admin().create(table, 'other')
        const storage = make(table)
        await storage.append(failedDeliveries(3))
        expect(await entriesIn(storage), make.name).to.have.length(3)
      }
    }).timeout(60_000)
  })

  describe('what goes wrong under way', () => {
    it('T61 says that its table was dropped', async () => {
      for (const make of [over, byRest]) {
        const table = tables.named()
        const storage = make(table, { timeout: 20_000 })
        await storage.append(failedDeliveries(1))
        await tables.admin().drop(table)
        const error = await failureOf(storage.append(failedDeliveries(1)))
        expect(error.message, make.name).to.match(new RegExp(`table ${table} .*dropped`))
        expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      }
    }).timeout(60_000)

    it('T61 waits for a table that is disabled, and says so when its time is over', async () => {
      const table = await madeTable()
      await tables.admin().disable(table)
      const error = await failureOf(over(table, { timeout: 700 }).append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      const storage = over(table, { timeout: 30_000 })
      const appended = storage.append(failedDeliveries(2))
      await tables.admin().enable(table)
      await appended
      expect(await entriesIn(storage)).to.have.length(2)
    }).timeout(60_000)

    it('T61 loses nothing while its regions are split and moved', async () => {
      const table = await madeTable()
      // Two regions from the beginning: while one of them is split the other is there, and meta has a hole.
      const boundary = Date.now() + 1_000
      await tables.admin().split(table, boundaryAt(boundary))
      const storage = over(table)
      const appended = new Set<string>()
      let isOver = false
      const writer = (async () => {
        while (!isOver) {
          const deliveries = failedDeliveries(50)
          await storage.append(deliveries)
          for (const { id } of deliveries) appended.add(id)
        }
      })()
      const reader = (async () => {
        while (!isOver) {
          const before = [...appended]
          const given = new Set((await entriesIn(storage)).map(({ id }) => id))
          for (const id of before) if (!given.has(id)) throw new Error(`${id} was not given`)
        }
      })()
      await until(() => appended.size > 200 && Date.now() > boundary, 'some appends', 10_000)
      const old = appended.size
      await until(() => appended.size > old + 100, 'appends to the other region', 10_000)
      const newer = (await tables.admin().rows(table)).filter(({ key }) => key.compare(boundaryAt(boundary)) < 0)
      await tables.admin().split(table, newer[newer.length >> 1]!.key)
      await tables.admin().move(table)
      const before = appended.size
      await until(() => appended.size > before + 200, 'more appends', 20_000)
      isOver = true
      await Promise.all([writer, reader])
      const given = (await entriesIn(storage)).map(({ id }) => id)
      expect(given).to.have.length(appended.size)
      expect(new Set(given)).to.deep.equal(appended)
      expect(await tables.admin().regions(table)).to.have.length(3)
    }).timeout(60_000)

    it('T62 leaves one entry when the answer to an append is lost', async () => {
      const table = await madeTable()
      const { storage, region } = await behindProxies(table)
      await storage.append(failedDeliveries(1))
      const before = region.connections
      const deliveries = failedDeliveries(20)
      // All of the request passes, and nothing of the answer.
      region.toxics.cutDown = 0
      const appended = storage.append(deliveries)
      region.reset()
      await until(() => region.connections > before, 'a new connection')
      await until(() => region.connections > before + 1, 'another attempt')
      region.toxics.cutDown = undefined
      await appended
      expect(await entriesIn(storage)).to.have.length(21)
      expect(await tables.admin().rows(table)).to.have.length(21)
    })

    it('T34 T62 stores and gives everything once wherever a connection is cut', async () => {
      const table = await madeTable()
      const { storage, region } = await behindProxies(table)
      const appended: string[] = []
      const step = isLong ? 97 : 911
      for (const side of ['cutUp', 'cutDown'] as const) {
        for (let at = 1; at < (side === 'cutUp' ? 14_000 : 6_000); at += step) {
          region.toxics[side] = at
          region.reset()
          const deliveries = failedDeliveries(10)
          const under = storage.append(deliveries)
          const reading = entriesIn(storage)
          setTimeout(() => (region.toxics[side] = undefined), 30)
          await under
          appended.push(...deliveries.map(({ id }) => id))
          expect((await reading).length).to.be.at.least(appended.length - 10)
        }
      }
      expect((await entriesIn(storage)).map(({ id }) => id)).to.have.members(appended)
    }).timeout(isLong ? 300_000 : 30_000)

    it('T34 gives all of a large answer though its connection breaks again and again', async () => {
      const table = await madeTable()
      const deliveries = Array.from({ length: 300 }, (_, i) => failedDelivery([`${i} `.padEnd(50_000, 'x')]))
      await over(table).append(deliveries)
      for (const way of ['native', 'rest'] as const) {
        const proxied = way === 'native' ? await behindProxies(table) : undefined
        const rest = way === 'rest' ? await proxyTo(addressIn(restAddressOf(server())).port) : undefined
        const proxy = proxied?.region ?? rest!
        proxy.toxics.cutDown = 4_200_000
        const storage = proxied?.storage ?? byRest(table, { 'rest.url': proxy.origin })
        const given = await entriesIn(storage)
        expect(
          given.map(({ id }) => id),
          way
        ).to.deep.equal(deliveries.map(({ id }) => id))
        expect(proxy.connections, way).to.be.greaterThan(2)
      }
    }).timeout(30_000)

    it('T35 rejects at its deadline when the server stands still, and goes on when it does', async () => {
      const table = await madeTable()
      const { storage, region } = await behindProxies(table, 1_000)
      const first = failedDeliveries(1)
      await insist(() => storage.append(first))
      region.toxics.blackhole = true
      const start = performance.now()
      const error = await failureOf(storage.append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.match(/append to the table .* within 1000 ms/)
      expect(performance.now() - start).to.be.within(900, 3_600)
      region.toxics.blackhole = false
      const deliveries = failedDeliveries(1)
      await insist(() => storage.append(deliveries))
      expect((await insist(() => entriesIn(storage))).map(({ id }) => id)).to.include(deliveries[0]!.id)
    }).timeout(30_000)

    it('T36 goes on when the region server was out of reach for a while', async () => {
      const table = await madeTable()
      const { storage, region } = await behindProxies(table, 1_000)
      const first = failedDeliveries(1)
      await insist(() => storage.append(first))
      region.toxics.refuse = true
      region.reset()
      expect(await failureOf(storage.append(failedDeliveries(1)))).to.include({ retryable: true })
      region.toxics.refuse = false
      const last = failedDeliveries(1)
      await insist(() => storage.append(last))
      expect((await insist(() => entriesIn(storage))).length).to.be.within(2, 3)
    }).timeout(30_000)
  })

  describe('what is stored', () => {
    it('takes records of 16 MB and gives them back', async () => {
      const bytes = Buffer.alloc(16 * 1024 * 1024, 0xfe)
      const text = '€'.repeat(5_000_000)
      for (const make of [over, byRest]) {
        const storage = make(tables.named(), { timeout: 30_000 })
        await storage.append([failedDelivery([bytes])])
        await storage.append([failedDelivery([text]), failedDelivery(['small'])])
        const given = await entriesIn(storage)
        const [first, second, third] = given.map(({ envelope }) => recordsOf(envelope)[0])
        expect(bytes.equals(first as Buffer), make.name).to.equal(true)
        expect(second === text, make.name).to.equal(true)
        expect(third, make.name).to.equal('small')
      }
    }).timeout(90_000)

    it('keeps what is not UTF-8, and ids that are no text', async () => {
      const records = [Buffer.from([0xc3, 0x28, 0]), 'NUL \0', '𐍈', 'lone \ud800 surrogate']
      for (const make of [over, byRest]) {
        const storage = make(tables.named())
        await storage.append([
          failedDelivery(records, { id: 'lone \ud800' }),
          failedDelivery(['b'], { id: 'lone \ud801' }),
          failedDelivery(['c'], { id: `it's a "quoted' id\\` })
        ])
        const given = await entriesIn(storage)
        expect(
          given.map(({ id }) => id),
          make.name
        ).to.have.members(['lone \ud800', 'lone \ud801', `it's a "quoted' id\\`])
        const [first] = given.filter(({ id }) => id === 'lone \ud800')
        expect(recordsOf(first!.envelope)).to.deep.equal(records)
        await storage.remove(given)
        expect(await entriesIn(storage)).to.have.length(0)
      }
    })

    for (const [way, open] of [
      ['natively', over],
      ['by REST', byRest]
    ] as const) {
      it(`takes what was removed again from a host whose clock is an hour behind, ${way}`, async () => {
        const table = await madeTable()
        const early = run(child, ['early', server(), table])
        await early.line('closed')
        const storage = open(table)
        expect(await entriesIn(storage)).to.deep.equal([])
        await storage.append([failedDelivery(['a'], { id: 'a', acceptedAt: 1_700_000_000_000 })])
        const entries = await entriesIn(storage, { claim: true })
        expect(entries.map(({ id, version }) => [id, version])).to.deep.equal([['a', 1]])
        await storage.remove(entries)
        expect(await entriesIn(storage)).to.deep.equal([])
      }).timeout(30_000)
    }

    it('leaves nothing behind when all was claimed, released, claimed and removed', async () => {
      for (const make of [over, byRest]) {
        const table = tables.named()
        const storage = make(table)
        await storage.append(failedDeliveries(30))
        for (const entry of await entriesIn(storage, { claim: true })) entry.release?.()
        const entries = await entriesIn(storage, { claim: true })
        expect(entries, make.name).to.have.length(30)
        await storage.remove(entries)
        await storage.close()
        expect(await tables.admin().rows(table), make.name).to.have.length(0)
      }
    })

    it('gives, claims and removes what StreamPark has stored, its id the same every time', async () => {
      for (const make of [over, byRest]) {
        const table = await madeTable()
        const writer = tables.admin().table(table)
        const times = [1_600_000_000_000, 1_600_000_000_001, 1_600_000_000_002]
        await writer.put(times.map((time, i) => streamParkRow(time, `POST///http://127.0.0.1:9/a?n=${i}`)))
        const storage = make(table)
        await storage.append(failedDeliveries(1))
        const given = await entriesIn(storage)
        const old = given.slice(0, 3)
        expect(
          old.map(({ envelope }) => envelope.acceptedAt),
          make.name
        ).to.deep.equal(times)
        expect(old.map(({ envelope }) => recordsOf(envelope)[0])).to.deep.equal(['{"n":"0"}', '{"n":"1"}', '{"n":"2"}'])
        expect((await entriesIn(storage)).map(({ id }) => id)).to.deep.equal(given.map(({ id }) => id))
        const claimed = await entriesIn(storage, { claim: true })
        expect(claimed).to.have.length(4)
        const other = make(table)
        expect(await entriesIn(other, { claim: true })).to.have.length(0)
        await other.close()
        expect(await storage.report()).to.deep.equal({ entries: 4, foreign: 3 })
        await storage.remove(claimed)
        await storage.close()
        expect(await tables.admin().rows(table)).to.have.length(0)
        await writer.close()
      }
    })
  })

  describe('claims', () => {
    it('gives what a reader had claimed to another when it has said nothing for its lease', async () => {
      const table = await madeTable()
      const { storage, region } = await behindProxies(table)
      const dead = HBaseStorage.through(address => ({ ...address, port: region.port }), {
        table,
        'zookeeper.quorum': server(),
        lease: 2_000,
        timeout: 1_000
      })
      await storage.append(failedDeliveries(250))
      await insist(() => dead.open())
      const claimed = dead.read({ claim: true })
      await claimed.next()
      const second = over(table)
      expect(await entriesIn(second, { claim: true })).to.have.length(150)
      region.toxics.refuse = true
      region.reset()
      let given: Entry[] = []
      const start = performance.now()
      while (given.length < 100) given = [...given, ...(await entriesIn(second, { claim: true }))]
      expect(given).to.have.length(100)
      expect(performance.now() - start).to.be.within(600, 7_000)
      await dead.close()
    }).timeout(30_000)

    it('keeps claims for longer than the lease as long as the reader lives', async () => {
      const table = await madeTable()
      const [first, second] = [over(table, { lease: 2_000 }), over(table, { lease: 2_000 })]
      await first.append(failedDeliveries(5))
      expect(await entriesIn(first, { claim: true })).to.have.length(5)
      // One renewal alone, after a third of the lease, would not last so long.
      await paused(3_000)
      expect(await entriesIn(second, { claim: true })).to.have.length(0)
      await first.close()
      expect(await entriesIn(second, { claim: true })).to.have.length(5)
    }).timeout(30_000)
  })
})

onServer(hbase, ownServer, server => {
  const tables = tablesOf(() => server().address)

  it('T37 says that the user may not write, and names the table', async () => {
    const table = tables.named()
    const root = new HBaseStorage({ table, 'zookeeper.quorum': server().address })
    await root.append(failedDeliveries(1))
    for (const name of [table, tables.named()]) {
      const nobody = new HBaseStorage({ table: name, 'zookeeper.quorum': server().address, user: 'nobody' })
      const error = await failureOf(nobody.append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.match(new RegExp(`table ${name}: AccessDenied`))
      await nobody.close()
    }
    await root.close()
  })
})

function streamParkRow(time: number, value: string): Put {
  const key = Buffer.alloc(8)
  key.writeBigInt64BE(2n ** 63n - 1n - BigInt(time))
  const timestamp = Buffer.alloc(8)
  timestamp.writeBigInt64BE(BigInt(time))
  return {
    key,
    cells: [
      ['values', value],
      ['timestamp', timestamp]
    ]
  }
}

async function entriesIn(storage: Storage, options: { claim?: boolean } = {}): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of storage.read(options)) entries.push(entry)
  return entries
}

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason
  )
  expect(error).to.be.instanceOf(StorageError)
  return error as StorageError
}
