import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { HdfsStorage } from '../../lib/storage/hdfs-storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { entriesIn, failedDeliveries, failedDelivery } from '../support/deliveries.ts'
import { FakeWebHdfs, remote } from '../support/fake-web-hdfs.ts'
import { failure } from '../support/storage-failure.ts'
import { HdfsRig } from './hdfs/rig.ts'

describe('HdfsStorage', () => {
  const rig = new HdfsRig()
  let contractFake: FakeWebHdfs
  before(async () => {
    contractFake = await new FakeWebHdfs().listen()
    contractFake.pageSize = 2
  })
  after(() => contractFake.close())
  const tables = new WeakMap<object, string>()
  let count = 0
  const contractStorage = (table = `t${++count}`): HdfsStorage => {
    const storage = new HdfsStorage({ namenode: `http://${contractFake.address}`, path: '/contract', table })
    tables.set(storage, table)
    return storage
  }
  storageContract('HdfsStorage', () => contractStorage(), { reopen: storage => contractStorage(tables.get(storage)) })

  const wrong: Array<[string, object, string]> = [
    ['no namenode', { namenode: undefined }, 'failover/namenode is missing'],
    ['a namenode without a scheme', { namenode: 'localhost:9870' }, 'failover/namenode must be hdfs://host:8020'],
    ['no path', { path: undefined }, 'failover/path is missing'],
    ['a path that goes up', { path: '/a/../b' }, 'failover/path must be a path from the root on'],
    ['a path that is relative', { path: 'a' }, 'failover/path must be a path from the root on'],
    ['a table that is a path', { table: 'a/b' }, 'failover/table must be a name of letters'],
    ['a table of the own folder', { table: '_spillway' }, 'failover/table must be a name of letters'],
    ['a format with an unknown letter', { format: 'yyyy-QQ' }, 'has the letter Q'],
    ['a user that no HDFS has', { user: 'a b' }, 'failover/user must be a name of letters'],
    ['an option that there is not', { nameNode: 'x' }, 'did you mean "namenode"?']
  ]
  for (const [name, options, message] of wrong) {
    it(`refuses ${name}`, () => {
      expect(() => rig.storage(options)).to.throw(OptionsError, message)
    })
  }

  it('namenode and httpPort ask the WebHDFS of an RPC address, and say so once', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): number => warnings.push(warning)
    process.on('warning', onWarning)
    const port = Number(rig.fake.address.split(':')[1])
    for (let i = 0; i < 2; i++) {
      await rig.storage({ namenode: 'hdfs://127.0.0.1:8020', httpPort: port }).append(failedDeliveries(1))
    }
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(rig.fake.files()).to.have.length(2)
    expect(warnings.map(({ message }) => message)).to.deep.equal([
      `failover/namenode hdfs://127.0.0.1:8020 is an RPC address: WebHDFS is asked at http://127.0.0.1:${port} instead. ` +
        `Say webhdfs://127.0.0.1:${port}, or set httpPort.`
    ])
  })

  it('user is said in every step', async () => {
    await rig.storage({ user: 'benjobs' }).append(failedDeliveries(1))
    expect(new Set(rig.fake.steps.map(({ query }) => query.get('user.name')))).to.deep.equal(new Set(['benjobs']))
  })

  it('token is said to the NameNode, and in no message', async () => {
    const storage = rig.storage({ token: 'S3CRET', user: 'benjobs' })
    await storage.append(failedDeliveries(1))
    for (const { op, query } of rig.fake.steps.filter(({ op }) => !op.endsWith('data'))) {
      expect([op, query.get('delegation'), query.get('user.name')]).to.deep.equal([op, 'S3CRET', null])
    }
    for (const said of ['no', 'PUT /webhdfs/v1/x?op=CREATE&delegation=S3CRET is not allowed']) {
      rig.fake.harm = () => remote('AccessControlException', said)
      const error = await failure(storage.append(failedDeliveries(1)))
      expect(error.stack + JSON.stringify(error)).to.not.include('S3CRET')
    }
  })

  it('path, table and format make the folders, one file for each flush', async () => {
    const storage = rig.storage({ path: '/http/failover/', table: 'orders', format: "yyyy/MM-dd'T'" })
    await storage.append(failedDeliveries(3))
    await storage.append(failedDeliveries(1))
    const [first, second] = rig.fake.files()
    expect(first).to.match(/^\/http\/failover\/orders\/\d{4}\/\d\d-\d\dT\/\d{13}_[0-9a-f]{16}-3c[0-9a-f]{8}$/)
    expect(second).to.match(/-1c[0-9a-f]{8}$/)
  })

  it('table and format have the defaults of the original', async () => {
    await rig.storage().append(failedDeliveries(1))
    const now = new Date()
    const day = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-${String(now.getDate()).padStart(2, '0')}`
    expect(rig.fake.files()[0]).to.match(new RegExp(`^/failover/record/${day}/`))
  })

  it('T35 timeout ends a call that takes longer, and the next one works', async () => {
    const storage = rig.storage({ timeout: 1_000 })
    rig.fake.harm = () => new Promise(() => undefined)
    const error = await failure(storage.append(failedDeliveries(1)))
    expect(error.message).to.match(/^Cannot write .*: no answer within 1000 ms\.$/)
    expect(error.retryable).to.equal(true)
    rig.fake.harm = () => undefined
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('T58 hosts says where the body may be sent', async () => {
    const storage = rig.storage({ hosts: ['*.dn.example.com', '127.0.0.1'] })
    await storage.append(failedDeliveries(1))
    const strict = rig.storage({ hosts: ['*.dn.example.com'] })
    const error = await failure(strict.append(failedDeliveries(1)))
    expect(error.message).to.include('to the host 127.0.0.1, which failover/hosts does not allow')
    expect(error.retryable).to.equal(false)
  })

  it('lease is how long the claims of a dead reader hold', async () => {
    let now = 1_000_000
    rig.fake.now = () => now
    await rig.storage().append(failedDeliveries(2))
    // It dies: its claims stay, and it does not say any more that it lives.
    const dead = rig.storage({ lease: 5_000 })
    expect(await entriesIn(dead, { claim: true })).to.have.length(2)
    now += 4_000
    const others = [1, 2, 3, 4, 5].map(() => rig.storage())
    for (const other of others) expect(await entriesIn(other, { claim: true })).to.have.length(0)
    now += 2_000
    const given = await Promise.all(others.map(storage => entriesIn(storage, { claim: true })))
    expect(given.map(({ length }) => length).sort()).to.deep.equal([0, 0, 0, 0, 2])
  })

  it('refuses a delivery that no text can hold', async () => {
    const huge = failedDelivery(Array.from({ length: 5 }, () => 'x'.repeat(60 * 1024 * 1024)))
    const error = await failure(rig.storage().append([huge]))
    expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE_REFUSED', false])
    expect(rig.fake.files()).to.deep.equal([])
  }).timeout(60_000)
})
