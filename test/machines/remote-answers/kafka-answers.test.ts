import { expect } from 'chai'
import { KafkaStorage } from '../../../lib/storage/kafka-storage.ts'
import { entriesIn, failedDeliveries } from '../../support/deliveries.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { seededRandom } from '../../support/fault.ts'
import { within } from '../../support/waiting.ts'
import { isLong, Machine } from '../support/machine.ts'
import { changing } from './kafka-mutation.ts'
import { refusesLargeCounts } from './large-counts.ts'
import { orderly } from './orderly.ts'
import { connectsToOwnPorts, end, listening } from './own-ports.ts'
import { RecordedKafka } from './recorded-kafka.ts'
import { useAll } from './use-all.ts'

const topic = 'recorded'
const timeout = 200
const sessionTimeout = 1_000

describe('remote answers of Kafka', function () {
  this.timeout(isLong ? 10_800_000 : 600_000)
  damageNotices()
  connectsToOwnPorts()
  refusesLargeCounts()
  const expectOrderly = orderly()

  it('the recorded ones let the storage work', async () => {
    const server = await listening(new RecordedKafka())
    const storage = new KafkaStorage({ topic, 'bootstrap.servers': server.address })
    expect(await useAll(storage, failedDeliveries(5))).to.deep.equal([])
    end(server)
  })

  it('the recorded ones give what was appended when they were recorded', async () => {
    const server = await listening(new RecordedKafka())
    const storage = new KafkaStorage({ topic, 'bootstrap.servers': server.address })
    await storage.open()
    await storage.append(failedDeliveries(5))
    expect(await entriesIn(storage)).to.have.lengthOf(5)
    const claimed = await entriesIn(storage, { claim: true })
    expect(claimed).to.have.lengthOf(5)
    await storage.remove(claimed.slice(0, 2))
    for (const entry of claimed.slice(2)) entry.release?.()
    expect(await storage.report()).to.deep.equal({ entries: 3, warnings: [] })
    await storage.close()
    end(server)
  })

  it('whatever it answers, a call gives a result or a StorageError, in time', async () => {
    const machine = new Machine('remote answers of Kafka', import.meta.url)
    const counts = { answers: 0, errors: 0 }
    await machine.each(
      machine.cases(4_500, 265_000),
      async index => {
        const random = seededRandom(machine.seedOf(index))
        const server = await listening(new RecordedKafka())
        server.tamper = changing(random, () => counts.answers++)
        const options = { topic, 'bootstrap.servers': server.address, timeout, sessionTimeout }
        const using = useAll(new KafkaStorage(options), failedDeliveries(5))
        const errors = await within(using, 'the end of using the storage', 30_000)
        end(server)
        counts.errors += errors.length
        expectOrderly(errors)
      },
      32
    )
    machine.tell(counts)
  })
})
