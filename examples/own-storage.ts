/**
 * How do I keep what fails in a place of my own?
 *
 * With five methods: `open append read remove close`. What they promise stands at the interface `Storage`, and `storageContract`
 * has a test for each promise. Here a folder gets a file for each delivery, which is simple, durable and slow.
 */
import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import Mocha from 'mocha'
// In your own project: from 'spillway' and 'spillway/testing'.
import {
  type Delivery,
  type Entry,
  type Envelope,
  envelopeOf,
  FailoverWritable,
  HttpWritable,
  matching,
  parseEnvelope,
  type ReadOptions,
  replay,
  type Storage,
  StorageError
} from '../lib/index.ts'
import { storageContract } from '../lib/testing.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** One entry: `number_version_id.json`. The numbers are the order in which they came. */
interface Stored {
  readonly name: string
  readonly number: number
  readonly version: number
  readonly id: string
}

// By file, for all storages of this process: one process at a time, as with the built-in `file`.
const claims = new Map<string, FolderStorage>()

class FolderStorage implements Storage {
  readonly folder: string
  #turn: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.folder = folder
  }

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#inTurn('append', async () => {
      await this.open()
      const stored = await this.#list()
      let number = stored.at(-1)?.number ?? 0
      for (const envelope of deliveries.map(envelopeOf)) {
        // An append that is repeated leaves one entry.
        if (stored.some(({ id, version }) => id === envelope.id && version === envelope.version)) continue
        await this.#write(++number, envelope)
      }
      await this.#syncFolder()
    })
  }

  async *read({ filter, claim = false, signal }: ReadOptions = {}): AsyncGenerator<Entry> {
    const isMeant = matching(filter)
    const listed = await this.#inTurn('read', () => this.#list())
    // Later versions come later, so the last one of an id is the newest.
    const newest = new Map(listed.map(stored => [stored.id, stored]))
    for (const { id, version, name } of newest.values()) {
      if (signal?.aborted) return
      const path = join(this.folder, name)
      if (claim && claims.has(path)) continue
      if (claim) claims.set(path, this)
      const release = (): void => void (claim && claims.delete(path))
      const envelope = await this.#inTurn('read', () => this.#envelopeIn(path))
      if (envelope !== undefined && isMeant(envelope)) yield { id, version, envelope, release }
      else release()
    }
  }

  remove(entries: readonly Entry[]): Promise<void> {
    return this.#inTurn('remove', async () => {
      const versions = new Map(entries.map(({ id, version }) => [id, version]))
      for (const { id, version, name } of await this.#list()) {
        if (version > (versions.get(id) ?? 0)) continue
        await rm(join(this.folder, name), { force: true })
        claims.delete(join(this.folder, name))
      }
    })
  }

  async close(): Promise<void> {
    await this.#turn
    for (const [path, owner] of claims) if (owner === this) claims.delete(path)
  }

  async #list(): Promise<Stored[]> {
    const names = await readdir(this.folder).catch(ifMissing([]))
    return names
      .filter(name => name.endsWith('.json'))
      .sort()
      .map(storedAs)
  }

  async #envelopeIn(path: string): Promise<Envelope | undefined> {
    const text = await readFile(path, 'utf8').catch(ifMissing(undefined))
    return text === undefined ? undefined : parseEnvelope(text)
  }

  // Under another name first: a crash leaves the whole file or none.
  async #write(number: number, envelope: Envelope): Promise<void> {
    const { id, version } = envelope
    const name = [String(number).padStart(12, '0'), version, encodeURIComponent(id)].join('_')
    const path = join(this.folder, name)
    await writeFile(`${path}.new`, JSON.stringify(envelope), { mode: 0o600, flush: true })
    await rename(`${path}.new`, `${path}.json`)
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.folder, constants.O_RDONLY)
    await folder.sync().finally(() => folder.close())
  }

  /** One after the other, and whatever fails is a `StorageError`. */
  #inTurn<T>(what: string, task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task).catch((cause: unknown) => {
      if (cause instanceof StorageError) throw cause
      const { code = String(cause) } = cause as NodeJS.ErrnoException
      const message = `Cannot ${what} in ${this.folder}: ${code}.`
      throw new StorageError('SPW_ERR_STORAGE', message, { retryable: code === 'ENOSPC', cause })
    })
    this.#turn = result.catch(() => undefined)
    return result
  }
}

function storedAs(name: string): Stored {
  const [, number, version, id = ''] = /^(\d+)_(\d+)_(.*)\.json$/.exec(name)!
  return { name, number: Number(number), version: Number(version), id: decodeURIComponent(id) }
}

const ifMissing =
  <T>(nothing: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return nothing
    throw error
  }

// An instance stands where else its name would.
const endpoint = await startEndpoint(({ body }) => (endpoint.received.length > 3 || body === '{"id":2}' ? 200 : 500))
const storage = new FolderStorage(temporaryFolder())
await pipeline(
  [{ id: 1 }, { id: 2 }, { id: 3 }],
  new HttpWritable({ url: endpoint.url }),
  new FailoverWritable({ storage })
)
console.log(await readdir(storage.folder))
assert.equal((await readdir(storage.folder)).length, 2)

const http = new HttpWritable({ url: endpoint.url })
const again = replay(storage)
await pipeline(again, http, new FailoverWritable({ storage }))
await again.settled()
assert.equal(http.stats().delivered, 2)
assert.deepEqual(await readdir(storage.folder), [])
await storage.close()
await endpoint.close()

// In a test file of mocha the last call of these is all that is needed.
const mocha = new Mocha({ reporter: 'dot', timeout: 10_000 })
mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, 'own-storage', mocha)
storageContract('FolderStorage', () => new FolderStorage(temporaryFolder()), {
  reopen: first => new FolderStorage((first as FolderStorage).folder)
})
mocha.run(failures => (process.exitCode = failures > 0 ? 1 : 0))
