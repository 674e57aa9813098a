import { closeSync, fdatasync, openSync, readdirSync, readFileSync, writev } from 'node:fs'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { Delivery } from '../../lib/delivery.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { envelopeInLine } from '../../lib/storage/envelope-line.ts'
import { lineBytes } from '../../lib/storage/line-bytes.ts'
import { FileStorage } from '../../lib/storage/file-storage.ts'
import { line as form, lineOf } from '../../lib/storage/file/line.ts'
import { cache } from './cache.ts'
import { measured } from './measure.ts'
import { storageFolder } from './ours.ts'
import { record } from './records.ts'
import type { Run } from './rig.ts'

/** How many write at once, each its next one when the last is durable. */
const writers = 1_024

export interface StoreSettings {
  warmup: number
  records: number
}

/** Deliveries as they come to a `FailoverWritable`: refused by the endpoint. */
export function refusedDeliveries(count: number): Delivery[] {
  const error = new DeliveryError('SPW_ERR_STATUS', 'The endpoint answered 400.', {
    phase: 'answered',
    retryable: false,
    status: 400
  })
  const request = { url: 'http://127.0.0.1:8080/sink', headers: { 'content-type': 'application/json' } }
  return Array.from({ length: count }, (_, id) => new Delivery([JSON.stringify(record(id))], request).failed(error))
}

/** So many writers in turn: `write` gets an item and calls back when it is durable. */
function inTurn<T>(items: readonly T[], write: (item: T, done: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    let next = 0
    let left = items.length
    const go = (): void => {
      if (next < items.length) write(items[next++]!, done)
    }
    const done = (): void => {
      if (--left === 0) resolve()
      else go()
    }
    for (let i = 0; i < writers; i++) go()
  })
}

/** `FailoverWritable` alone. */
export async function storeOurs({ warmup, records }: StoreSettings): Promise<Run> {
  const deliveries = [refusedDeliveries(warmup), refusedDeliveries(records)]
  const failover = new FailoverWritable({ storage: 'file', path: storageFolder() })
  return measured(warmup, records, () => {
    return inTurn(deliveries.shift()!, (delivery, done) => failover.write(delivery, done))
  })
}

/**
 * The same lines by a loop that does nothing but write and sync what has queued up. `make`: it makes them of envelopes, as
 * the storage has to; else they lie ready.
 */
export async function storeBare({ warmup, records, make = false }: StoreSettings & { make?: boolean }): Promise<Run> {
  const ready = await linesOf(warmup + records)
  const fd = openSync(`${storageFolder()}.bare`, 'a')
  const commit = new GroupCommit(fd)
  const envelopes = make ? ready.splice(0).map(line => envelopeInLine(lineBytes(line), form.head, line.length - 1)) : []
  const run = await measured(warmup, records, count =>
    make
      ? inTurn(envelopes.splice(0, count), (envelope, done) => commit.write(lineOf(JSON.stringify(envelope), 0), done))
      : inTurn(ready.splice(0, count), (line, done) => commit.write(line, done))
  )
  closeSync(fd)
  return run
}

/** The lines that the file storage writes for such deliveries. */
async function linesOf(count: number): Promise<Buffer[]> {
  const path = storageFolder()
  const storage = new FileStorage({ path })
  const deliveries = refusedDeliveries(count)
  for (let i = 0; i < count; i += 10_000) await storage.append(deliveries.slice(i, i + 10_000))
  await storage.close()
  const lines: Buffer[] = []
  const isEntry = (line: Buffer): boolean => line.includes('"lengths"')
  for (const file of readdirSync(path).sort())
    for (const line of split(readFileSync(`${path}/${file}`))) if (isEntry(line)) lines.push(line)
  if (lines.length !== count) throw new Error(`Expected ${count} lines in ${cache}, found ${lines.length}.`)
  return lines
}

function split(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start) + 1
    if (end === 0) break
    lines.push(Buffer.from(bytes.subarray(start, end)))
    start = end
  }
  return lines
}

class GroupCommit {
  readonly #fd: number
  #lines: Buffer[] = []
  #waiting: Array<() => void> = []
  #busy = false

  constructor(fd: number) {
    this.#fd = fd
  }

  write(line: Buffer, done: () => void): void {
    this.#lines.push(line)
    this.#waiting.push(done)
    if (this.#busy) return
    this.#busy = true
    setImmediate(() => this.#commit())
  }

  #commit(): void {
    const [lines, waiting] = [this.#lines, this.#waiting]
    ;[this.#lines, this.#waiting] = [[], []]
    const expected = lines.reduce((sum, line) => sum + line.length, 0)
    writev(this.#fd, lines, (error, written) => {
      if (error || written !== expected) throw error ?? new Error('A short write.')
      fdatasync(this.#fd, error => {
        if (error) throw error
        for (const done of waiting) done()
        if (this.#lines.length > 0) this.#commit()
        else this.#busy = false
      })
    })
  }
}

/** Reads whole entries. */
export async function readOurs({ warmup, records }: StoreSettings): Promise<Run> {
  const storage = new FileStorage({ path: storageFolder() })
  const deliveries = refusedDeliveries(records)
  for (let i = 0; i < records; i += 10_000) await storage.append(deliveries.splice(0, 10_000))
  return measured(Math.min(warmup, records), records, async expected => {
    let count = 0
    for await (const { envelope } of storage.read()) if (envelope.records.length === 1) count++
    if (count < expected) throw new Error(`Read ${count} of ${expected}.`)
  })
}
