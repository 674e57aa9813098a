import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { expect } from 'chai'
import { WebHdfs } from '../../../lib/storage/hdfs/web-hdfs.ts'
import { HBaseStorage } from '../../../lib/storage/hbase-storage.ts'
import { HdfsStorage } from '../../../lib/storage/hdfs-storage.ts'
import { entriesIn, failedDeliveries } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { within } from '../../support/waiting.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { isLong, Machine } from '../support/machine.ts'
import { bytesOf, mutatedAnswer, mutatedBytes } from './mutation.ts'
import { orderly } from './orderly.ts'
import { connectsToOwnPorts, end, listening } from './own-ports.ts'
import { RecordedHBase } from './recorded-hbase.ts'
import { SmallHdfs } from './small-hdfs.ts'
import { useAll } from './use-all.ts'

const timeout = 120
const path = '/spillway'

describe('remote answers', function () {
  this.timeout(isLong ? 7_200_000 : 600_000)
  damageNotices()
  connectsToOwnPorts()
  const expectOrderly = orderly()

  it('remote answers of WebHDFS: the small one answers so that the storage works', async () => {
    const server = await listening(new SmallHdfs())
    const storage = new HdfsStorage({ namenode: server.origin, path })
    expect(await useAll(storage, failedDeliveries(5))).to.deep.equal([])
    const again = new HdfsStorage({ namenode: server.origin, path })
    expect(await entriesIn(again)).to.have.lengthOf(3)
    await again.close()
    end(server)
  })

  it('remote answers of WebHDFS: what it answers, a call gives a result or a StorageError, in time', async () => {
    const machine = new Machine('remote answers of WebHDFS', import.meta.url)
    const counts = { answers: 0, errors: 0 }
    await machine.each(
      machine.cases(580, 27_000),
      async index => {
        const random = seededRandom(machine.seedOf(index))
        const server = await listening(new SmallHdfs())
        let share = 0.15
        server.tamper = answer => {
          if (random() >= share) return bytesOf(answer)
          counts.answers++
          return random() < 0.005 ? undefined : mutatedAnswer(random, answer)
        }
        const errors = await within(usedStorage(server), 'the end of using the storage', 60 * timeout)
        share = 1
        errors.push(...(await within(usedClient(server, random), 'the end of the calls', 60 * timeout)))
        end(server)
        counts.errors += errors.length
        expectOrderly(errors)
      },
      16
    )
    machine.tell(counts)
  })

  it('remote answers of HBase: the recorded ones let the storage work', async () => {
    const server = await listening(new RecordedHBase())
    const storage = new HBaseStorage({ table: 'recorded', 'zookeeper.quorum': server.address, timeout: 5_000 })
    expect(await useAll(storage, failedDeliveries(5))).to.deep.equal([])
    end(server)
  })

  it('remote answers of HBase and ZooKeeper: what they answer, a call gives a result or a StorageError, in time', async () => {
    const machine = new Machine('remote answers of HBase and ZooKeeper', import.meta.url)
    const counts = { answers: 0, errors: 0 }
    await machine.each(
      machine.cases(3_700, 140_000),
      async index => {
        const random = seededRandom(machine.seedOf(index))
        const server = await listening(new RecordedHBase())
        const harmed = (share: number): boolean => {
          const isHarmed = random() < share
          if (isHarmed) counts.answers++
          return isHarmed
        }
        server.tamper = {
          message: bytes => (harmed(0.3) ? mutatedBytes(random, bytes) : bytes),
          exception: () => (harmed(0.05) ? exceptionFrom(random) : undefined),
          frame: bytes => (harmed(0.08) ? (random() < 0.1 ? undefined : mutatedBytes(random, bytes)) : bytes)
        }
        const storage = new HBaseStorage({ table: 'recorded', 'zookeeper.quorum': server.address, timeout })
        const errors = await within(useAll(storage, failedDeliveries(5)), 'the end of using the storage', 60 * timeout)
        end(server)
        counts.errors += errors.length
        expectOrderly(errors)
      },
      48
    )
    machine.tell(counts)
  })
})

const exceptions = [
  'hbase.NotServingRegionException',
  'hbase.TableNotFoundException',
  'hbase.RegionTooBusyException',
  'x',
  ''
]

/** What HBase says when it does not do what it is asked for. */
function exceptionFrom(random: () => number): Buffer {
  const name = exceptions[Math.floor(random() * exceptions.length)]!
  const writer = new BinaryWriter().uint32(10).string(`org.apache.hadoop.${name}`).uint32(18).string('a trace\n\tat')
  return Buffer.from(writer.finish())
}

async function usedStorage(server: SmallHdfs): Promise<Error[]> {
  return useAll(new HdfsStorage({ namenode: server.origin, path, timeout }), failedDeliveries(3))
}

async function usedClient(server: SmallHdfs, random: () => number): Promise<Error[]> {
  const base = `${server.origin}/webhdfs/v1`
  const client = new WebHdfs({ nameNodes: [{ base, name: 'namenode' }], timeout })
  const calls = [
    async () => {
      const page = await client.list(path)
      if (page !== undefined) expect(page.items, 'items').to.be.an('array')
    },
    async () => {
      const status = await client.status(path)
      if (status !== undefined) expect(status.length, 'length').to.be.a('number')
    },
    () => client.makeFolder(path),
    async () => expect(await client.delete(path), 'whether it was there').to.be.a('boolean'),
    () => client.create(path, Buffer.from('bytes')),
    () => client.read(path, 0, 100),
    () => client.rename(path, `${path}2`)
  ]
  const errors: Error[] = []
  for (let left = 25; left > 0; left--) {
    await calls[Math.floor(random() * calls.length)]!().catch((error: unknown) => errors.push(error as Error))
  }
  await client.close()
  return errors
}
