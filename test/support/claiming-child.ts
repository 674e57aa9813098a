import { once } from 'node:events'
import { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { printLine } from '../../lib/cli/standard-streams.ts'

// Claims everything in a topic, says so, and waits to be killed: `claiming-child.ts ADDRESS TOPIC [pausing]`. One that pauses
// says so after the first entry as well, and goes on when it is told to.
const [address, topic, pausing] = process.argv.slice(2) as [string, string, string?]
const storage = new KafkaStorage({ topic, 'bootstrap.servers': address, sessionTimeout: 2_000 })
let claimed = 0
for await (const _entry of storage.read({ claim: true })) {
  if (++claimed > 1 || pausing === undefined) continue
  await printLine('claimed 1')
  await once(process.stdin, 'data')
}
await printLine(`claimed ${claimed}`)
setInterval(() => undefined, 1_000)
