import { workerData } from 'node:worker_threads'
import { httpSink } from '../../lib/http-sink.ts'

// Delivers in a thread of its own: half of its records are stored.
const { url, path, first, records } = workerData as { url: string; path: string; first: number; records: number }
const sink = httpSink({ http: { url }, retry: { retries: 0 }, failover: { storage: 'file', path } })
for (let id = first; id < first + records; id++) sink.write({ id })
sink.end()
await sink.settled()
