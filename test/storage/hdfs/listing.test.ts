import { expect } from 'chai'
import { nameNodesIn } from '../../../lib/storage/hdfs/name-nodes.ts'
import { filesOf, pagesOf, survey } from '../../../lib/storage/hdfs/survey.ts'
import { WebHdfs } from '../../../lib/storage/hdfs/web-hdfs.ts'
import { entriesIn, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { type Answer, remote } from '../../support/fake-web-hdfs.ts'
import { failure } from '../../support/storage-failure.ts'
import { HdfsRig } from './rig.ts'

// More than are kept in memory while files are given.
const many = 8_192 + 8

describe('The listings of HdfsStorage', () => {
  const rig = new HdfsRig()
  let fs: WebHdfs

  beforeEach(() => {
    fs = new WebHdfs({ nameNodes: nameNodesIn(`http://${rig.address}`, 9870), timeout: 5_000 })
  })

  afterEach(() => fs.close())

  const unknown: Array<[string, Answer]> = [
    [
      'a NameNode of Hadoop 2',
      remote(
        'IllegalArgumentException',
        'Invalid value for webhdfs parameter "op": No enum constant org.apache.hadoop.hdfs.web.resources.GetOpParam.Op.LISTSTATUS_BATCH',
        400
      )
    ],
    [
      'an HttpFS of Hadoop 2',
      remote(
        'QueryParamException',
        'java.lang.IllegalArgumentException: No enum constant org.apache.hadoop.fs.http.client.HttpFSFileSystem.Operation.LISTSTATUS_BATCH',
        500
      )
    ],
    ['Ozone', remote('UnsupportedOperationException', "HttpFSServer doesn't support LISTSTATUS_BATCH", 400)],
    ['one that says no more', { status: 400, body: '' }]
  ]

  for (const [server, answer] of unknown) {
    it(`are asked for as a whole of ${server}, which knows no pages, from then on`, async () => {
      rig.fake.knowsBatches = answer
      fill(rig, 'd', 30)
      expect(await basesIn(fs)).to.have.length(30)
      expect(await fs.list('/failover/none')).to.equal(undefined)
      expect(await fs.list('/failover/record/d', nameOf(28))).to.deep.include({ isLast: true })
      expect(rig.fake.steps.filter(({ op }) => op === 'LISTSTATUS_BATCH')).to.have.length(1)
    })
  }

  it('that are refused in both ways are an error, and pages are asked for the next time', async () => {
    fill(rig, 'd', 1)
    rig.fake.harm = ({ op }) =>
      op.startsWith('LISTSTATUS') ? remote('AccessControlException', 'Permission denied: user=bob') : undefined
    const error = await failure(basesIn(fs))
    expect(error.message).to.include('Permission denied: user=bob')
    expect(error.retryable).to.equal(false)
    rig.fake.harm = () => undefined
    rig.fake.steps.length = 0
    expect(await basesIn(fs)).to.have.length(1)
    expect(rig.fake.steps.every(({ op }) => op === 'LISTSTATUS_BATCH')).to.equal(true)
  })

  it('are asked for by pages as before when a folder was not there', async () => {
    expect(await fs.list('/failover/none')).to.equal(undefined)
    fill(rig, 'd', 1)
    expect(await basesIn(fs)).to.have.length(1)
    expect(rig.fake.steps.every(({ op }) => op === 'LISTSTATUS_BATCH')).to.equal(true)
  })

  it('are not asked for as a whole because a server is out of order', async () => {
    fill(rig, 'd', 1)
    let count = 0
    rig.fake.harm = ({ op }) => (op === 'LISTSTATUS_BATCH' && count++ === 0 ? { status: 503, body: '' } : undefined)
    expect(await basesIn(fs)).to.have.length(1)
    expect(rig.fake.steps.every(({ op }) => op === 'LISTSTATUS_BATCH')).to.equal(true)
  })

  for (const [server, shape] of [
    ['HttpFS, which knows no startAfter', { knowsStartAfter: false }],
    ['a server that knows no pages', { knowsBatches: unknown[0]![1] }],
    ['a NameNode', {}]
  ] as const) {
    it(`give each file once, more than are kept in memory, of ${server}`, async () => {
      Object.assign(rig.fake, shape)
      fill(rig, 'd', many)
      const bases = await basesIn(fs)
      expect(bases).to.have.length(many)
      expect(bases).to.deep.equal([...new Set(bases)].sort())
    }).timeout(20_000)
  }

  it('leave out what comes before a name in the order of HDFS, which is that of bytes', async () => {
    // By UTF-16 it is the other way round.
    const names = ['a', '\u{ff5e}', '\u{1d538}']
    rig.fake.knowsStartAfter = false
    for (const name of names.toReversed()) rig.fake.put(`/failover/record/d/${name}`, 'x')
    for (const [i, after] of ['', ...names].entries()) {
      const page = await fs.list('/failover/record/d', after)
      expect(page!.items.map(({ pathSuffix }) => pathSuffix)).to.deep.equal(names.slice(i))
    }
  })

  it('are not asked for twice when they were in the first page of a folder, unless there are too many to keep', async () => {
    fill(rig, '2023-11-14', 1_000)
    const asked = (): number =>
      rig.fake.steps.filter(({ op, path }) => op === 'LISTSTATUS_BATCH' && /\d$/.test(path)).length
    const names = Array.from({ length: 1_000 }, (_, i) => nameOf(i))
    expect(await basesIn(fs)).to.deep.equal(names)
    expect(asked()).to.equal(1)
    for (let i = 0; i < 9; i++) fill(rig, `2023-11-${15 + i}`, 1_000)
    rig.fake.steps.length = 0
    expect(await basesIn(fs)).to.have.length(10_000)
    // All to be looked at; of eight the first page is kept, of which 819 names are in memory at once.
    expect(asked()).to.equal(10 + 8 + 2 * 2)
  })

  it('are put in order, where a server gives them in none', async () => {
    const FileStatus = ['c', 'a', 'b'].map(pathSuffix => ({
      pathSuffix,
      type: 'FILE',
      length: 1,
      modificationTime: 1
    }))
    rig.fake.knowsBatches = unknown[0]![1]
    rig.fake.harm = ({ op }) =>
      op === 'LISTSTATUS' ? { status: 200, body: JSON.stringify({ FileStatuses: { FileStatus } }) } : undefined
    const page = await fs.list('/failover', 'a')
    expect(page!.items.map(({ pathSuffix }) => pathSuffix)).to.deep.equal(['b', 'c'])
  })

  it('end where a server begins anew and says that there is more', async () => {
    fill(rig, 'd', 30)
    rig.fake.pageSize = 10
    // The same page, again and again; of which the last name is the one that was to be left out, or is before it.
    for (const after of [nameOf(9), nameOf(20)]) {
      rig.fake.harm = ({ op, query }) => (op === 'LISTSTATUS_BATCH' ? void query.delete('startAfter') : undefined)
      const error = await failure(fs.list('/failover/record/d', after))
      expect(error.message).to.match(/^Cannot list .*: .* gives names that it was asked to leave out/)
      expect(error.retryable).to.equal(false)
    }
    const error = await failure(all(pagesOf(fs, '/failover/record/d')))
    expect(error.message).to.include('gives names that it was asked to leave out')
  })

  for (const [server, shape] of [
    ['HttpFS', { knowsStartAfter: false, knowsRenameOptions: false }],
    ['an old HttpFS', { knowsBatches: unknown[1]![1], knowsRenameOptions: false, redirectsReading: false }],
    ['a NameNode of Hadoop 2', { knowsBatches: unknown[0]![1], knowsNoRedirect: false }]
  ] as const) {
    it(`serve two that replay at once, on ${server}`, async () => {
      Object.assign(rig.fake, shape)
      const writer = rig.storage()
      const deliveries = failedDeliveries(60)
      for (let i = 0; i < deliveries.length; i += 3) await writer.append(deliveries.slice(i, i + 3))
      const both = await Promise.all(
        [rig.storage(), rig.storage()].map(async storage => {
          const given = await entriesIn(storage, { claim: true })
          await storage.remove(given)
          return given
        })
      )
      expect(idsOf(both.flat()).sort()).to.deep.equal(idsOf(deliveries).sort())
      expect(await entriesIn(writer)).to.have.length(0)
    })
  }
})

const nameOf = (i: number): string => `${1_700_000_000_000 + i}_${'0'.repeat(32)}`

function fill(rig: HdfsRig, folder: string, count: number): void {
  for (let i = 0; i < count; i++) rig.fake.put(`/failover/record/${folder}/${nameOf(i)}`, 'GET///http://h/\n')
}

async function basesIn(fs: WebHdfs): Promise<string[]> {
  return (await all(filesOf(fs, await survey(fs, '/failover/record')))).map(({ name }) => name.base)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
