import { writeSync } from 'node:fs'
import { HBaseStorage } from '../../../lib/storage/hbase-storage.ts'
import { failedDelivery } from '../deliveries.ts'

// A process that uses a table, for tests that kill it: `hbase-child.ts COMMAND ADDRESS TABLE`.

const [command, address, table] = process.argv.slice(2) as [string, string, string]
const clock = Date.now
// The clock of a host that is an hour ahead.
if (command === 'early') Date.now = () => clock() + 3_600_000
const storage = new HBaseStorage({ table, 'zookeeper.quorum': address, lease: 5_000 })

// At once: what is printed by way of `process.stdout` may be lost with the process.
const say = (line: string): unknown => writeSync(1, `${line}\n`)

if (command === 'append') {
  for (let i = 0; ; i++) {
    await storage.append([failedDelivery([`${i}`])])
    say(`stored ${i}`)
  }
} else if (command === 'claim') {
  const entries = storage.read({ claim: true })
  for (let i = 0; i < 150; i++) await entries.next()
  say('claimed')
  setInterval(() => {}, 1_000)
} else {
  await storage.append([failedDelivery(['a'], { id: 'a', acceptedAt: 1_700_000_000_000 })])
  for await (const entry of storage.read({ claim: true })) await storage.remove([entry])
  await storage.close()
  say('closed')
}
