import { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { failedDeliveries } from '../../lib/testing/sample-deliveries.ts'

// Does everything that a storage can, closes it, and must end by itself.
const [address, topic] = process.argv.slice(2) as [string, string]
const storage = new KafkaStorage({ topic, 'bootstrap.servers': address, partitions: 3 })
await storage.append(failedDeliveries(20))
await Promise.all([storage.report(), storage.report()])
for await (const entry of storage.read({ claim: true })) if (entry.version === 1) await storage.remove([entry])
await storage.close()
