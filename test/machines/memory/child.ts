import { getEventListeners } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DeliveryError } from '../../../lib/errors.ts'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import type { Sender } from '../../../lib/http/sender.ts'
import { RetryTransform } from '../../../lib/retry-transform.ts'
import { say } from '../../support/say.ts'
import { taskGiven } from '../support/warm-child.ts'
import type { Census, MemoryTask } from './memory-task.ts'

// Makes attempts that fail, in rounds, by the same streams, and says after each round what is left of it.

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
process.on('warning', warning => {
  process.stderr.write(`${warning.stack}\n`)
  process.exit(1)
})

const { url, folder, records, attempts, rounds, atMost } = await taskGiven<MemoryTask>()
const { signal } = new AbortController()
const failing = (inner: Sender): Sender => ({
  async send(delivery, aborted) {
    if (delivery.attempts < attempts - 1)
      throw new DeliveryError('SPW_ERR_STATUS', '503', { phase: 'answered', retryable: true })
    await inner.send(delivery, aborted)
  }
})

const http = new HttpWritable({
  url,
  numWriters: 32,
  timeout: 2_000,
  signal,
  ...(attempts > 0 ? { wrapSender: failing } : {})
})
const retry = new RetryTransform({ retries: attempts > 0 ? attempts : 1_000, minDelay: 1, maxDelay: 5 })
const failover = new FailoverWritable({ storage: 'file', path: join(folder, 'failover') })
http.pipe(retry).pipe(failover)
const streams = [http, retry, failover]

let most: Record<string, number> = {}
const watch = setInterval(() => {
  for (const [kind, count] of Object.entries(resources())) most[kind] = Math.max(most[kind] ?? 0, count)
}, 20)

const start = performance.now()
let id = 0
for (let done = 0; done < rounds && performance.now() - start < atMost; done++) {
  await round(records)
  say(`census ${JSON.stringify(await census())}`)
  most = {}
}
clearInterval(watch)
http.end()
await Promise.all(streams.map(stream => stream.settled()))
say(`stats ${JSON.stringify(http.stats())}`)
process.exit(0)

async function round(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (!http.write({ id: id++, text: 'some text that stands in a record of an ordinary length' })) {
      await new Promise(resolve => http.once('drain', resolve))
    }
  }
  for (;;) {
    const { accepted, delivered, stored, abandoned } = http.stats()
    if (accepted === id && delivered + stored + abandoned === id) return
    await pause(5)
  }
}

async function census(): Promise<Census> {
  for (let i = 0; i < 4; i++) {
    collect()
    await pause(20)
  }
  const { heapUsed: heap, rss } = process.memoryUsage()
  return { heap, rss, listeners: listeners(), resources: resources(), most: { ...most }, retries: http.stats().retries }
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function listeners(): number {
  const emitters = [...streams, process]
  const counts = emitters.flatMap(emitter => emitter.eventNames().map(name => emitter.listenerCount(name as 'close')))
  return counts.reduce((sum, count) => sum + count, getEventListeners(signal, 'abort').length)
}
