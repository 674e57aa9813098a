import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { StorageError } from '../../lib/errors.ts'
import { HdfsStorage, type HdfsStorageOptions } from '../../lib/storage/hdfs-storage.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { entriesIn, failedDeliveries, failedDelivery, idsOf } from '../support/deliveries.ts'
import { insist } from '../support/insist.ts'
import { type Harm, withProxies } from './hdfs-proxies.ts'
import { type HdfsServer, hdfs, ownHdfs } from '../support/servers/hdfs-server.ts'
import { onServer } from '../support/servers/service.ts'
import { failure } from '../support/storage-failure.ts'
import { paused } from '../support/waiting.ts'

const long = process.env.SPILLWAY_LONG === '1'

onServer(hdfs, ownHdfs, server => {
  const opened: HdfsStorage[] = []
  let path: string

  beforeEach(() => {
    path = `/spillway-${randomBytes(6).toString('hex')}`
  })

  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
    await deleteAll(server(), path)
  })

  function storageThere(options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    return kept(new HdfsStorage({ namenode: `http://${server().address}`, user: 'hdfs', path, ...options }))
  }

  function kept(storage: HdfsStorage): HdfsStorage {
    opened.push(storage)
    return storage
  }

  it('T34 T36 keeps every entry once when both servers are killed in the middle of appends, and back later', async () => {
    const storage = storageThere()
    const deliveries = failedDeliveries(400, 'record', 200)
    const writing = Promise.all(
      [0, 1].map(half =>
        appendAll(
          storage,
          deliveries.filter((_, i) => i % 2 === half)
        )
      )
    )
    await paused(200)
    await server().kill()
    const error = await failure(storageThere().append(failedDeliveries(1)))
    expect([error.code, error.retryable], 'T33').to.deep.equal(['SPW_ERR_STORAGE', true])
    await server().start()
    await writing
    expect(idsOf(await entriesIn(storageThere())).sort()).to.deep.equal(idsOf(deliveries).sort())
  }).timeout(60_000)

  it('T34 loses no entry when the NameNode is killed in the middle of a replay', async () => {
    const storage = storageThere({ timeout: 30_000 })
    const deliveries = failedDeliveries(60)
    for (let i = 0; i < deliveries.length; i += 10) await storage.append(deliveries.slice(i, i + 10))
    const settled: Entry[] = []
    let restarting: Promise<void> | undefined
    for await (const entry of storage.read({ claim: true })) {
      if (settled.length === 25) restarting = restartNameNode(server())
      await storage.remove([entry])
      settled.push(entry)
    }
    await restarting
    const left = await entriesIn(storageThere())
    expect(idsOf([...settled, ...left]).sort()).to.deep.equal(idsOf(deliveries).sort())
    expect(left).to.have.length(0)
  }).timeout(60_000)

  it('T35 ends a call at its deadline when HDFS stands still, and nothing is there twice afterwards', async () => {
    const deliveries = failedDeliveries(3)
    await insist(() => storageThere().append(deliveries.slice(0, 1)))
    const storage = storageThere({ timeout: 1_500 })
    expect(await insist(() => entriesIn(storage))).to.have.length(1)
    server().pause()
    const error = await failure(storage.append(deliveries.slice(1)))
    server().resume()
    expect(error.message).to.include('no answer within 1500 ms')
    expect(error.retryable).to.equal(true)
    await insist(() => storage.append(deliveries.slice(1)))
    expect(idsOf(await insist(() => entriesIn(storage)))).to.deep.equal(idsOf(deliveries))
  }).timeout(60_000)

  it('T37 says what is missing to whom, and that this will not pass', async () => {
    await storageThere().append(failedDeliveries(1))
    const error = await failure(storageThere({ user: 'mallory', timeout: 5_000 }).append(failedDelivery20MB()))
    expect(error.retryable).to.equal(false)
    expect(error.message).to.match(/AccessControlException: Permission denied: user=mallory, access=WRITE/)
    expect(await entriesIn(storageThere({ user: 'mallory' }))).to.have.length(1)
  }).timeout(20_000)

  it('T56 takes nothing in safe mode, says so, and gives what is there', async () => {
    const storage = storageThere({ timeout: 1_500 })
    await storage.append(failedDeliveries(2))
    await server().admin('-safemode', 'enter')
    try {
      const error = await failure(storage.append(failedDeliveries(1)))
      expect(error.message).to.include('SafeModeException')
      expect(error.retryable).to.equal(true)
      expect(await entriesIn(storage)).to.have.length(2)
    } finally {
      await server().admin('-safemode', 'leave')
    }
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage)).to.have.length(3)
  }).timeout(40_000)

  it('T58 rejects when the DataNode is dead, and goes on when it is back', async () => {
    const storage = storageThere()
    const deliveries = failedDeliveries(4)
    await storage.append(deliveries.slice(0, 2))
    await server().dataNode.kill()
    const error = await failure(storage.append(deliveries.slice(2)))
    expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE', true])
    await server().dataNode.start()
    await insist(() => storage.append(deliveries.slice(2)))
    expect(idsOf(await entriesIn(storage))).to.deep.equal(idsOf(deliveries))
  }).timeout(60_000)

  it('T60 says that a quota is used up, whole appends or none, and goes on when there is room', async () => {
    const storage = storageThere()
    await storage.append(failedDeliveries(1))
    await server().admin('-setSpaceQuota', '1m', path)
    const deliveries = failedDeliveries(10)
    const error = await failure(storage.append(deliveries))
    expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE_FULL', true])
    expect(await entriesIn(storage)).to.have.length(1)
    await server().admin('-clrSpaceQuota', path)
    await storage.append(deliveries)
    expect(await entriesIn(storage)).to.have.length(11)
  }).timeout(40_000)

  it('says that the RPC port is no WebHDFS, and what is', async () => {
    const storage = storageThere({ namenode: `http://${server().rpcAddress}` })
    const error = await failure(storage.open())
    expect(error.message).to.include(`${server().rpcAddress} is the RPC port of a NameNode. Expected its HTTP port`)
    expect(error.retryable).to.equal(false)
  })

  const cuts: Array<[string, (proxies: { name: Harm; data: Harm }) => Harm]> = [
    ['to the NameNode', ({ name }) => name],
    ['to the DataNode', ({ data }) => data]
  ]
  for (const [where, of] of cuts) {
    it(`T34 keeps every entry once when the connection ${where} is cut at any byte of an append`, async () => {
      const deliveries = failedDeliveries(cutPoints.length * 3)
      await withProxies(server(), async (options, proxies) => {
        const storage = kept(HdfsStorage.routed(options.route, { namenode: options.namenode, user: 'hdfs', path }))
        for (const [i, cut] of cutPoints.entries()) {
          Object.assign(
            of(proxies).toxics,
            i % 2 === 0 ? { cutUp: cut, cutDown: undefined } : { cutDown: cut, cutUp: undefined }
          )
          const some = deliveries.slice(3 * i, 3 * i + 3)
          await storage.append(some).catch((error: unknown) => {
            expect(error).to.be.an.instanceOf(StorageError).and.to.include({ retryable: true })
            Object.assign(of(proxies).toxics, { cutUp: undefined, cutDown: undefined })
            return insist(() => storage.append(some))
          })
        }
      })
      expect(idsOf(await entriesIn(storageThere()))).to.deep.equal(idsOf(deliveries))
    }).timeout(600_000)
  }

  it('T34 loses and doubles no entry when connections are cut at any byte of a replay', async () => {
    const deliveries = failedDeliveries(cutPoints.length * 2)
    const writer = storageThere()
    for (let i = 0; i < deliveries.length; i += 8) await writer.append(deliveries.slice(i, i + 8))
    const settled = new Set<string>()
    await withProxies(server(), async (options, proxies) => {
      const storage = kept(
        HdfsStorage.routed(options.route, { namenode: options.namenode, user: 'hdfs', path, timeout: 600 })
      )
      for (const [i, cut] of cutPoints.entries()) {
        const { toxics } = i % 2 === 0 ? proxies.name : proxies.data
        Object.assign(toxics, i % 4 < 2 ? { cutUp: cut } : { cutDown: cut })
        await settleSome(storage, 2, settled).catch((error: unknown) => {
          expect(error).to.be.an.instanceOf(StorageError).and.to.include({ retryable: true })
        })
        Object.assign(toxics, { cutUp: undefined, cutDown: undefined })
      }
    })
    const left = idsOf(await entriesIn(storageThere()))
    expect(left).to.have.length(new Set(left).size)
    // One whose removal was cut may be either.
    for (const id of left) expect(settled.has(id), `${id} was settled, and is there`).to.equal(false)
    expect(left.length).to.be.below(deliveries.length)
    const missing = idsOf(deliveries).filter(id => !left.includes(id) && !settled.has(id) && !unsure.has(id))
    expect(missing).to.deep.equal([])
  }).timeout(600_000)

  const unsure = new Set<string>()

  async function settleSome(storage: HdfsStorage, count: number, settled: Set<string>): Promise<void> {
    let given = 0
    for await (const entry of storage.read({ claim: true })) {
      unsure.add(entry.id)
      await storage.remove([entry])
      settled.add(entry.id)
      if (++given === count) return
    }
  }
})

// From the first byte to beyond the longest request or answer.
const cutPoints = Array.from({ length: long ? 400 : 16 }, (_, i) => Math.floor(1 + (i * 1_200) / (long ? 400 : 16)))

const failedDelivery20MB = (): Delivery[] => [failedDelivery(['x'.repeat(20 * 1024 * 1024)])]

/** As a FailoverWritable does: again and again, as long as that may help. */
async function appendAll(storage: HdfsStorage, deliveries: readonly Delivery[]): Promise<void> {
  for (let i = 0; i < deliveries.length; i += 5) await insist(() => storage.append(deliveries.slice(i, i + 5)))
}

async function restartNameNode({ nameNode }: HdfsServer): Promise<void> {
  await nameNode.kill()
  await nameNode.start()
}

async function deleteAll({ address }: HdfsServer, path: string): Promise<void> {
  await fetch(`http://${address}/webhdfs/v1${path}?op=DELETE&recursive=true&user.name=hdfs`, { method: 'DELETE' })
}
