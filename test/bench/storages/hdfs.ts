import { Agent, request } from 'undici'
import type { Delivery } from '../../../lib/delivery.ts'
import { encodeLine } from '../../../lib/storage/envelope-line.ts'
import { put } from '../../../lib/storage/hdfs/exchange.ts'
import { hdfs as service } from '../../support/servers/hdfs-server.ts'
import type { BareDriver, StorageBench } from './storage-bench.ts'

const path = '/spillway-bench'
// What a careful user would have under way at once.
const readsAtOnce = 4
const newline = 0x0a

/** CREATE and RENAME, by hand: there is no driver that does these well. */
class BareWebHdfs implements BareDriver<Buffer> {
  readonly #base: string
  readonly #folder: string
  readonly #agent = new Agent()
  #count = 0

  constructor(address: string, name: string) {
    this.#base = `http://${address}/webhdfs/v1`
    this.#folder = `${path}/${name}`
  }

  async open(): Promise<void> {
    await this.#asked('PUT', this.#folder, 'op=MKDIRS')
  }

  prepared(deliveries: readonly Delivery[]): Buffer {
    return Buffer.from(deliveries.map(delivery => encodeLine(delivery) + '\n').join(''))
  }

  async append(batch: Buffer): Promise<void> {
    const name = `${Date.now()}_${this.#count++}`
    const { Location } = (await this.#asked('PUT', `${path}/${name}`, 'op=CREATE&noredirect=true')) as Redirect
    const { status } = await put(new URL(Location), batch, AbortSignal.timeout(30_000))
    if (status !== 201) throw new Error(`CREATE was answered ${status}.`)
    await this.#asked('PUT', `${path}/${name}`, `op=RENAME&destination=${this.#folder}/${name}`)
  }

  async read(): Promise<number> {
    const { FileStatuses } = (await this.#asked('GET', this.#folder, 'op=LISTSTATUS')) as Listing
    const names = FileStatuses.FileStatus.map(({ pathSuffix }) => pathSuffix)
    let entries = 0
    const read = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        const lines = await this.#linesIn(name)
        entries += lines
      }
    }
    await Promise.all(Array.from({ length: readsAtOnce }, read))
    return entries
  }

  async close(): Promise<void> {
    await this.#asked('DELETE', this.#folder, 'op=DELETE&recursive=true')
    await this.#agent.close()
  }

  async #linesIn(name: string): Promise<number> {
    const { Location } = (await this.#asked('GET', `${this.#folder}/${name}`, 'op=OPEN&noredirect=true')) as Redirect
    const { body } = await request(Location, { dispatcher: this.#agent })
    const bytes = Buffer.from(await body.arrayBuffer())
    let lines = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++
    return lines
  }

  async #asked(method: 'GET' | 'PUT' | 'DELETE', path: string, query: string): Promise<unknown> {
    const { statusCode, body } = await request(`${this.#base}${path}?user.name=hdfs&${query}`, {
      method,
      dispatcher: this.#agent
    })
    if (statusCode !== 200) throw new Error(`${query} was answered ${statusCode}: ${await body.text()}`)
    return body.json()
  }
}

interface Redirect {
  readonly Location: string
}

interface Listing {
  readonly FileStatuses: { readonly FileStatus: ReadonlyArray<{ readonly pathSuffix: string }> }
}

export const hdfs: StorageBench = {
  service,
  options: (address, name) => ({ storage: 'hdfs', namenode: `http://${address}`, user: 'hdfs', path, table: name }),
  async bare(address, name) {
    const bare = new BareWebHdfs(address, name)
    await bare.open()
    return bare
  }
}
