import { storageFrom } from '../../../lib/storage/registry.ts'
import { entriesIn, failedDeliveries } from '../../support/deliveries.ts'

// A process that uses a storage and closes it, whose options it gets as JSON: it must end then by itself.

const storage = storageFrom(JSON.parse(process.argv[2]!) as Record<string, unknown>)
await storage.append(failedDeliveries(3))
const entries = await entriesIn(storage, { claim: true })
await storage.close()
process.stdout.write(`closed after ${entries.length}\n`)
