// Checked by `npm run types`: each line that must not compile says so, and fails if it does.
import { type HttpSink, httpSink, type StreamParkOptions } from '../../lib/index.ts'

const sink = { threshold: { numWriters: 3, retries: '3' }, failover: { storage: 'MySQL', jdbc: { username: 'root' } } }

/** All forms that a configuration of StreamPark can have. */
export const forms: readonly StreamParkOptions[] = [
  { http: { sink } },
  { 'http.sink': sink },
  { app: { http: { sink } } },
  { app: { 'http.sink': sink } },
  { 'app.http.sink': sink },
  { 'http.sink.threshold': { retries: 1 }, 'http.sink.failover': { storage: 'none' } },
  { 'http.sink.threshold.numWriters': 3, 'http.sink.failover.storage': 'none' },
  { 'app.http.sink.threshold.retries': '1', 'app.http.sink.storage': 'none' },
  sink,
  { 'threshold.retries': 1, 'failover.storage': 'kafka', 'failover.kafka.bootstrap.servers': 'a:9092' },
  { storage: 'hbase', table: 'record', 'zookeeper.quorum': 'a', numWriters: '3', successCode: [200, 201] }
]

/** As it is when it is read from a file. */
export function read(text: string, unknown: Record<string, unknown>): HttpSink[] {
  // @ts-expect-error Of this nothing is known.
  httpSink(unknown)
  return [
    httpSink(JSON.parse(text)),
    httpSink.get(JSON.parse(text) as StreamParkOptions),
    ...forms.map(form => httpSink(form))
  ]
}

/** What the run time refuses. */
export const refused: readonly StreamParkOptions[] = [
  // @ts-expect-error A storage must be said.
  { 'http.sink.threshold.retries': 1 },
  // @ts-expect-error A storage must be said.
  { threshold: { retries: 1 } },
  // @ts-expect-error The two forms do not mix.
  { 'http.sink': sink, retry: { retries: 1 } },
  // @ts-expect-error The two forms do not mix.
  { storage: 'none', http: { url: 'https://example.com/' } }
]
