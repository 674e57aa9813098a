import { HdfsStorage } from '../../../lib/storage/hdfs-storage.ts'
import { failedDeliveries } from '../../support/deliveries.ts'

// `hold` prints what it has claimed and stays; `end` uses all that a storage has, closes it, and has nothing left to do.
const [what, namenode, path] = process.argv.slice(2)
const storage = new HdfsStorage({ namenode: namenode!, user: 'hdfs', path: path!, lease: 2_000 })

if (what === 'hold') {
  for await (const { id } of storage.read({ claim: true })) console.log(`given ${id}`)
  console.log('holding')
  setInterval(() => undefined, 60_000)
} else {
  await storage.append(failedDeliveries(3))
  for await (const entry of storage.read({ claim: true })) {
    await storage.remove([entry])
    break
  }
  await storage.close()
  console.log('closed')
}
