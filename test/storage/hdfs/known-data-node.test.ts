import { expect } from 'chai'
import { KnownDataNode } from '../../../lib/storage/hdfs/known-data-node.ts'
import { failedDeliveries } from '../../support/deliveries.ts'
import { remote, type Step } from '../../support/fake-web-hdfs.ts'
import { HdfsRig } from './rig.ts'

describe('a DataNode of hdfs that is known', () => {
  const rig = new HdfsRig()
  const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i} 0`)

  /** So many files of one delivery each. */
  async function stored(count: number): Promise<void> {
    const storage = rig.storage()
    for (let i = 0; i < count; i++) await storage.append(failedDeliveries(1, String(i)))
    rig.fake.steps.length = 0
  }

  async function read(): Promise<string[]> {
    const all: string[] = []
    for await (const { envelope } of rig.storage().read()) all.push(...(envelope.records as string[]))
    return all
  }

  const steps = (op: string): Step[] => rig.fake.steps.filter(step => step.op === op)

  it('is asked for other files, and the NameNode again for every 33rd', async () => {
    await stored(80)
    expect(await read()).to.have.members(texts(80))
    expect(steps('OPEN data')).to.have.length(80)
    // Each time it is asked for those, too, that are under way meanwhile.
    expect(steps('OPEN').length).to.be.within(3, 3 * 4)
  })

  it('is not asked again for what it did not give', async () => {
    await stored(12)
    const files = rig.fake.files('/failover/record')
    const harms = [remote('StandbyException', 'standby'), { status: 503 }, 'drop'] as const
    for (const harm of harms) {
      const asked = new Map<string, number>()
      rig.fake.steps.length = 0
      rig.fake.harm = ({ op, path }) => {
        if (op !== 'OPEN data') return undefined
        asked.set(path, (asked.get(path) ?? 0) + 1)
        return path === files[8] && asked.get(path) === 1 ? harm : undefined
      }
      expect(await read()).to.have.members(texts(12))
      expect(asked.get(files[8]!)).to.equal(2)
      expect(steps('OPEN').filter(({ path }) => path === files[8])).to.have.length(1)
    }
  })

  it('says nothing of a file that is not there: the NameNode does', async () => {
    await stored(12)
    const files = rig.fake.files('/failover/record')
    rig.fake.harm = ({ op, path }) => {
      if (op.startsWith('OPEN') && path === files[9]) rig.fake.nodes.delete(path)
      return undefined
    }
    expect(await read()).to.have.length(11)
    expect(steps('OPEN').some(({ path }) => path === files[9])).to.equal(true)
  })

  it('is none where a gateway stands in between', async () => {
    rig.fake.namesRpcAddress = false
    await stored(12)
    expect(await read()).to.have.members(texts(12))
    expect(steps('OPEN')).to.have.length(12)
  })

  it('is not asked for what is larger than 1 MiB: that is read where it is', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(1, 'a'))
    for (const name of ['b', 'c']) {
      const [delivery] = failedDeliveries(1, name.repeat(1024 * 1024))
      await storage.append([delivery!])
    }
    rig.fake.steps.length = 0
    expect(await read()).to.have.length(3)
    expect(steps('OPEN')).to.have.length(3)
  })

  it('has URLs that differ in path, offset and length only', () => {
    const known = new KnownDataNode()
    const first =
      'http://data1:9864/webhdfs/v1/a/x+1@b=2?op=OPEN&user.name=u&namenoderpcaddress=name:8020&length=5&offset=1'
    known.learn(new URL(first), '/a/x+1@b=2')
    const url = known.urlOf('/a/ü #1+2', 7, 9)!
    expect(url.href.split('?')[0]).to.equal('http://data1:9864/webhdfs/v1/a/%C3%BC%20%231%2B2')
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({
      op: 'OPEN',
      'user.name': 'u',
      namenoderpcaddress: 'name:8020',
      length: '9',
      offset: '7'
    })
  })

  it('is none when the NameNode has sent us elsewhere than to the file', () => {
    const query = '?op=OPEN&namenoderpcaddress=name:8020'
    for (const path of ['/gateway/webhdfs/data/v1/webhdfs/v1/a', '/webhdfs/v1/b', '/webhdfs/v1/%', '/a']) {
      const known = new KnownDataNode()
      known.learn(new URL(`http://data1:9864${path}${query}`), '/a')
      expect(known.urlOf('/b', 0, 1), path).to.equal(undefined)
    }
  })
})
