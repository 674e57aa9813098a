import { setMaxListeners } from 'node:events'
import { text } from 'node:stream/consumers'
import { Agent, type Dispatcher, request } from 'undici'
import { StorageError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { HBaseFailure, noAnswer } from './failure.ts'
import type { TableName } from './native-schema.ts'
import { persistently } from './persistence.ts'
import { putsMessage, removalMessage, rowsIn, swapMessage } from './rest-messages.ts'
import { RestScan } from './rest-scan.ts'
import { family, type Put, type Removal, type Row, type Scan, type ScanRange, type Swap, type Table } from './table.ts'

export interface RestOptions {
  readonly url: string
  readonly timeout: number
}

const protobuf = 'application/x-protobuf'
const connections = 16
// Keys stand in the address of the request.
const keysAtOnce = 100

/** A table by an HBase REST server. Conditional changes and removals are a request each there, so they go side by side. */
export class RestTable implements Table {
  readonly isQuickerForwards = false
  readonly #agent: Agent
  readonly #base: string
  readonly #name: string
  readonly #timeout: number

  constructor({ namespace, qualifier }: TableName, { url, timeout }: RestOptions) {
    this.#name = namespace === 'default' ? qualifier : `${namespace}:${qualifier}`
    this.#base = `${url.replace(/\/+$/, '')}/${encodeURIComponent(this.#name)}`
    this.#timeout = timeout
    // Our own deadline is around all of it.
    this.#agent = new Agent({ connections, headersTimeout: 0, bodyTimeout: 0, connect: { timeout } })
  }

  open(): Promise<void> {
    return this.#persistently('open', async signal => {
      if (!(await this.#families(signal)).includes(family)) await this.#makeFamily(signal)
    })
  }

  async put(puts: readonly Put[]): Promise<void> {
    if (puts.length === 0) return
    await this.#persistently('append to', async signal => {
      await this.#send('/rows', putsMessage(puts), signal)
    })
  }

  async remove(removals: readonly Removal[]): Promise<void> {
    await this.#each('remove from', removals, async (removal, signal) => {
      await this.#send('/row?check=delete', removalMessage(removal), signal)
      return true
    })
  }

  swap(swaps: readonly Swap[]): Promise<boolean[]> {
    return this.#each('claim in', swaps, async (swap, signal) => {
      return (await this.#send('/row?check=put', swapMessage(swap), signal)) !== 304
    })
  }

  async has(keys: readonly Buffer[]): Promise<boolean[]> {
    const found = new Set<string>()
    for (let at = 0; at < keys.length; at += keysAtOnce) {
      for (const row of await this.#rows(keys.slice(at, at + keysAtOnce))) found.add(row.key.toString('hex'))
    }
    return keys.map(key => found.has(key.toString('hex')))
  }

  scan(range: ScanRange): Scan {
    const scan = new RestScan(async (query, signal) => {
      const { statusCode, body } = await this.#request('GET', `/*?${query.toString()}`, undefined, signal)
      if (statusCode === 200) return body
      const failure = await failureIn(statusCode, body)
      // Of a missing table it only says that the request failed.
      if (statusCode === 500) await this.#families(signal)
      throw failure
    }, range)
    return {
      next: (): Promise<readonly Row[] | undefined> => this.#persistently('read', signal => scan.next(signal)),
      close: () => scan.close()
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #families(signal: AbortSignal): Promise<string[]> {
    const { statusCode, body } = await this.#request('GET', '/schema', undefined, signal)
    if (statusCode !== 200) throw await failureIn(statusCode, body)
    try {
      const { ColumnSchema = [] } = (await body.json()) as { ColumnSchema?: Array<{ name: string }> }
      return ColumnSchema.map(({ name }) => name)
    } catch (cause) {
      throw new HBaseFailure(
        '',
        `rest.url must be an HBase REST server, got an answer that is no schema of a table`,
        false,
        { cause }
      )
    }
  }

  async #makeFamily(signal: AbortSignal): Promise<void> {
    const schema = JSON.stringify({ name: this.#name, ColumnSchema: [{ name: family }] })
    // PUT would replace the schema, and drop the families that it does not have.
    await this.#sendJson('POST', '/schema', schema, signal)
  }

  async #rows(keys: readonly Buffer[]): Promise<Row[]> {
    const query = new URLSearchParams({ e: 'b64' })
    for (const key of keys) query.append('row', key.toString('base64url'))
    return this.#persistently('read', async signal => {
      const path = `/multiget/${family}:values?${query.toString()}`
      const { statusCode, body } = await this.#request('GET', path, undefined, signal)
      if (statusCode === 200) return rowsIn(Buffer.from(await body.arrayBuffer()))
      const failure = await failureIn(statusCode, body)
      if (statusCode === 404 && failure.exception === '') return []
      throw failure
    })
  }

  /** The outcome of each. When some fail for the moment, only those are done again. */
  async #each<T>(
    what: string,
    items: readonly T[],
    work: (item: T, signal: AbortSignal) => Promise<boolean>
  ): Promise<boolean[]> {
    const results = items.map(() => false)
    let left = items.map((_item, i) => i)
    if (left.length === 0) return results
    await this.#persistently(what, async signal => {
      const queue = left
      const failed: number[] = []
      let failure: Error | undefined
      left = []
      let next = 0
      const worker = async (): Promise<void> => {
        while (next < queue.length) {
          const i = queue[next++]!
          try {
            results[i] = await work(items[i]!, signal)
          } catch (error) {
            failed.push(i)
            if (!(failure instanceof HBaseFailure) || failure.transient) failure = error as Error
          }
        }
      }
      await Promise.all(Array.from({ length: Math.min(connections, queue.length) }, worker))
      left = failed
      if (failure !== undefined) throw failure
    })
    return results
  }

  async #send(path: string, message: Uint8Array, signal: AbortSignal): Promise<number> {
    const { statusCode, body } = await this.#request('PUT', path, message, signal)
    if (statusCode !== 200 && statusCode !== 201 && statusCode !== 304) throw await failureIn(statusCode, body)
    await body.dump()
    return statusCode
  }

  async #sendJson(method: 'POST' | 'PUT', path: string, json: string, signal: AbortSignal): Promise<void> {
    const { statusCode, body } = await this.#request(method, path, json, signal)
    if (statusCode !== 200 && statusCode !== 201) throw await failureIn(statusCode, body)
    await body.dump()
  }

  async #request(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    body: Uint8Array | string | undefined,
    signal: AbortSignal
  ): Promise<Dispatcher.ResponseData> {
    const type = path === '/schema' ? 'application/json' : protobuf
    const headers = { accept: type, ...(body === undefined ? {} : { 'content-type': type }) }
    try {
      return await request(this.#base + path, { method, headers, body: body ?? null, signal, dispatcher: this.#agent })
    } catch (cause) {
      throw noAnswer(`the REST server gave no answer: ${messageOf(cause)}`, cause)
    }
  }

  async #persistently<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return persistently(this.#timeout, `${what} the table ${this.#name}`, async signal => {
      // Requests side by side all listen to it: no leak.
      setMaxListeners(0, signal)
      try {
        return await work(signal)
      } catch (error) {
        const missing = error instanceof HBaseFailure ? error.exception : ''
        if (missing === 'TableNotFoundException' && what !== 'open') throw this.#missing(error)
        if (missing !== 'TableNotFoundException' && missing !== 'NoSuchColumnFamilyException') throw error
        await this.#makeFamily(signal)
        return work(signal)
      }
    })
  }

  #missing(cause: unknown): StorageError {
    const message = `The table ${this.#name} was there and is not any more: somebody has dropped it. It is made anew with the next start.`
    return new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
  }
}

/** What an answer that is no success says: the first line that names an exception, else its first line. */
async function failureIn(status: number, body: Dispatcher.ResponseData['body']): Promise<HBaseFailure> {
  const said = await text(body).catch(() => '')
  const found = [...said.matchAll(/([A-Za-z]+Exception): ?([^\r\n]*)/g)]
  const known = found.find(([, name]) => named.test(name!)) ?? found[0]
  const exception = known?.[1] ?? ''
  const line = known === undefined ? (said.split(/[\r\n]/)[0] ?? '') : known[0]
  const isTransient = status >= 500 && !named.test(exception)
  return new HBaseFailure(exception, `the REST server answered ${status}: ${line.slice(0, 500)}`, isTransient)
}

const named =
  /TableNotFound|NoSuchColumnFamily|AccessDenied|DoNotRetry|NamespaceNotFound|SpaceLimiting|NoWritesViolation/
