import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { OptionsError, StorageError } from '../../lib/errors.ts'
import { HBaseStorage, type HBaseStorageOptions, hbaseStorageSchema } from '../../lib/storage/hbase-storage.ts'
import { hdfsStorageSchema } from '../../lib/storage/hdfs-storage.ts'
import { mysqlStorageSchema } from '../../lib/storage/mysql-storage.ts'
import { failedDelivery } from '../support/deliveries.ts'
import { framed } from '../support/rpc-frames.ts'

const options: HBaseStorageOptions = { table: 'record', 'zookeeper.quorum': '127.0.0.1:1' }

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason
  )
  expect(error).to.be.instanceOf(StorageError)
  return error as StorageError
}

describe('HBaseStorage', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function serving(answer: string): Promise<number> {
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      socket.on('data', () => socket.end(answer))
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const wrong: Array<[string, Partial<HBaseStorageOptions> | Record<string, unknown>, string]> = [
    ['no table', { table: undefined }, 'failover/table is missing'],
    [
      'a table outside the allowed names',
      { table: "a'; drop" },
      'failover/table must be a table, record or namespace:record'
    ],
    ['a table that climbs', { table: '../x' }, 'failover/table must be a table, record or namespace:record'],
    [
      'a table that has no name behind the last dot',
      { table: 'database.' },
      'failover/table must be a table, record or namespace:record'
    ],
    [
      'a table whose name no HBase takes',
      { table: 'database.-record' },
      'failover/table must be a table, record or namespace:record'
    ],
    ['no address', { 'zookeeper.quorum': undefined }, 'failover/zookeeper.quorum is missing'],
    [
      'a quorum that is a URL',
      { 'zookeeper.quorum': 'http://a' },
      'failover/zookeeper.quorum must be hosts between commas'
    ],
    [
      'a port that is none',
      { 'zookeeper.property.clientPort': 0 },
      'failover/zookeeper.property.clientPort must be >= 1'
    ],
    [
      'a node that is no path',
      { 'zookeeper.znode.parent': 'hbase' },
      'failover/zookeeper.znode.parent must be a path as /hbase is'
    ],
    ['a REST address with a password', { 'rest.url': 'http://a:pa55@c' }, 'failover/rest.url must'],
    ['a quorum with a password', { 'zookeeper.quorum': 'me:pa55@zk1' }, 'failover/zookeeper.quorum must be hosts'],
    ['a lease that is too short', { lease: 10 }, 'failover/lease must be >= 1000'],
    ['an unknown option', { quorum: 'a' }, 'failover has no option "quorum"']
  ]
  for (const [name, changed, message] of wrong) {
    it(`refuses ${name}`, () => {
      expect(() => new HBaseStorage({ ...options, ...changed }))
        .to.throw(OptionsError, message)
        .and.not.match(/pa55/)
    })
  }

  it('lease is as long as in every other storage unless it is given', () => {
    const defaults = [hbaseStorageSchema, hdfsStorageSchema, mysqlStorageSchema].map(
      ({ properties }) => properties.lease.default
    )
    expect(new Set(defaults)).to.deep.equal(new Set([60_000]))
  })

  it('zookeeper.property.clientPort is the port of servers without one', async () => {
    const port = await serving('HTTP/1.1 400 Bad Request\r\n\r\n')
    const storage = new HBaseStorage({
      table: 'record',
      'zookeeper.quorum': '127.0.0.1',
      'zookeeper.property.clientPort': port
    })
    expect((await failureOf(storage.open())).message).to.include(`127.0.0.1:${port} must be a ZooKeeper server`)
    await storage.close()
  })

  it('timeout ends a call that gets no answer', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    servers.push(silent)
    await once(silent, 'listening')
    for (const timeout of [80, 400]) {
      const quorum = `127.0.0.1:${(silent.address() as AddressInfo).port}`
      const storage = new HBaseStorage({ table: 'record', 'zookeeper.quorum': quorum, timeout })
      const start = performance.now()
      expect(await failureOf(storage.append([failedDelivery(['a'])]))).to.include({
        code: 'SPW_ERR_STORAGE',
        retryable: true
      })
      expect(performance.now() - start).to.be.within(timeout - 20, timeout + 2_000)
      await storage.close()
    }
  })

  /** A ZooKeeper that has a region server at this port under every node; what it was asked for is noted. */
  async function zooKeeper(asked: string[], regionPort = 1): Promise<string> {
    const host = Buffer.from('127.0.0.1')
    const name = Buffer.concat([
      Buffer.from([0x0a, host.length]),
      host,
      Buffer.from([0x10, (regionPort & 0x7f) | 0x80])
    ])
    const port = Buffer.from([((regionPort >> 7) & 0x7f) | 0x80, regionPort >> 14])
    const message = Buffer.concat([Buffer.from([0x0a, name.length + port.length]), name, port])
    const node = Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0]), Buffer.from('PBUF'), message])
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(framed(Buffer.alloc(36)))
        socket.on('data', (got: Buffer) => {
          for (const [path] of got.toString('latin1').matchAll(/\/[\w/-]+/g)) {
            asked.push(path)
            const length = Buffer.alloc(20)
            length.writeInt32BE(node.length, 16)
            socket.write(framed(Buffer.concat([length, node])))
          }
        })
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('zookeeper.quorum and zookeeper.znode.parent say where the servers are asked for', async () => {
    const asked: string[] = []
    const quorum = await zooKeeper(asked)
    const own = { ...options, 'zookeeper.quorum': quorum, 'zookeeper.znode.parent': '/hbase-other', timeout: 1_000 }
    const storage = new HBaseStorage(own)
    expect((await failureOf(storage.open())).message).to.include('ECONNREFUSED 127.0.0.1:1')
    expect(asked.slice(0, 2)).to.deep.equal(['/hbase-other', '/hbase-other/meta-region-server'])
    await storage.close()
  })

  it('user is who a region server is told', async () => {
    let told = ''
    const region = createServer(socket => socket.on('data', got => (told += got.toString('latin1')))).listen(
      0,
      '127.0.0.1'
    )
    servers.push(region)
    await once(region, 'listening')
    const quorum = await zooKeeper([], (region.address() as AddressInfo).port)
    const storage = new HBaseStorage({ ...options, 'zookeeper.quorum': quorum, user: 'somebody', timeout: 1_000 })
    await failureOf(storage.open())
    expect(told).to.match(/^HBas\0P[^]*somebody[^]*ClientService[^]*Scan[^]*record,,/)
    await storage.close()
  })

  it('rest.url, table and lease are where, what and how long a REST server is asked for', async () => {
    const asked: string[] = []
    let bodies = ''
    const rest = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      request.on('data', (chunk: Buffer) => (bodies += chunk.toString('latin1')))
      request.on('end', () => response.end(request.url?.endsWith('/schema') ? '{"ColumnSchema":[{"name":"cf"}]}' : ''))
    }).listen(0, '127.0.0.1')
    servers.push(rest)
    await once(rest, 'listening')
    const url = new URL(`http://127.0.0.1:${(rest.address() as AddressInfo).port}/below/`)
    const storage = new HBaseStorage({ table: 'space:database.record', 'rest.url': url, lease: 12_345 })
    for await (const entry of storage.read({ claim: true })) expect.fail(`There is no ${entry.id}.`)
    await storage.close()
    expect(asked[0]).to.equal('GET /below/space%3Arecord/schema')
    expect(bodies).to.match(/~reader\/[^]*cf:lease[^]*12345/)
  })

  it('names a server that closes the connection without a word', async () => {
    const port = await serving('')
    const storage = new HBaseStorage({ table: 'record', 'zookeeper.quorum': `127.0.0.1:${port}`, timeout: 1_000 })
    const error = await failureOf(storage.open())
    expect(error).to.include({ retryable: true })
    expect(error.message).to.match(/zookeeper\.quorum .*closed the connection/)
    await storage.close()
  })

  it('touches nothing before its first use, and nothing after close()', async () => {
    const storage = new HBaseStorage(options)
    await storage.close()
    await storage.close()
    for (const work of [
      storage.open(),
      storage.append([failedDelivery(['a'])]),
      storage.remove([]),
      storage.report()
    ]) {
      expect((await failureOf(work)).message).to.equal('The storage hbase table record was closed.')
    }
  })

  it('refuses what is larger than a request may be, and nothing else of what is appended', async () => {
    const storage = new HBaseStorage(options)
    const error = await failureOf(storage.append([failedDelivery([Buffer.alloc(101 * 1024 * 1024, 0xff)])]))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
    expect(error.message).to.match(/has \d+ bytes; the storage hbase takes 134217728/)
    await storage.close()
  }).timeout(60_000)
})
