import { StorageError } from '../../errors.ts'
import { type Action, type ActionResult, groupsOf, multiRequest, multiResults } from './client-messages.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import { HBaseFailure, noAnswer } from './failure.ts'
import { NativeScan } from './native-scan.ts'
import { addFamily, createTable, type TableName } from './native-schema.ts'
import { persistently } from './persistence.ts'
import { type Region, regionAt, Regions } from './regions.ts'
import type { Put, Removal, Row, Scan, ScanRange, Swap, Table } from './table.ts'

/** What is to be done in a row, before it is known in which region that is. */
type Task = Omit<Action, 'region'> & { readonly key: Buffer }

// More than any table has regions, and any server lets us wait.
const mostLooks = 20_000

// What becomes of a task as long as no server was asked, because its region is not to be found say.
const notAsked = noAnswer('no server was asked')

/** A table by HBase's own protocol. */
export class NativeTable implements Table {
  readonly isQuickerForwards = true
  readonly #cluster: Cluster
  readonly #regions: Regions
  readonly #name: TableName
  readonly #text: string
  readonly #timeout: number

  constructor(name: TableName, options: ClusterOptions) {
    this.#cluster = new Cluster(options)
    this.#name = name
    this.#text = name.namespace === 'default' ? name.qualifier : `${name.namespace}:${name.qualifier}`
    this.#regions = new Regions(this.#cluster, this.#text)
    this.#timeout = options.timeout
  }

  open(): Promise<void> {
    return this.#persistently('open', async signal => {
      try {
        await this.#regions.all(signal)
      } catch (error) {
        if (!isMissingTable(error)) throw error
        await createTable(this.#cluster, this.#name, signal)
        await this.#regions.all(signal)
      }
    })
  }

  async put(puts: readonly Put[]): Promise<void> {
    await this.#run(
      'append to',
      puts.map(put => ({ key: put.key, put }))
    )
  }

  async remove(removals: readonly Removal[]): Promise<void> {
    await this.#run(
      'remove from',
      removals.map(removal => ({ key: removal.key, removal }))
    )
  }

  swap(swaps: readonly Swap[]): Promise<boolean[]> {
    return this.#run(
      'claim in',
      swaps.map(swap => ({ key: swap.key, swap }))
    )
  }

  has(keys: readonly Buffer[]): Promise<boolean[]> {
    return this.#run(
      'read',
      keys.map(key => ({ key, has: key }))
    )
  }

  scan(range: ScanRange): Scan {
    const scan = new NativeScan(this.#cluster, this.#regions, range)
    return { next: () => this.#nextRows(scan), close: () => scan.close() }
  }

  async close(): Promise<void> {
    this.#cluster.close()
  }

  // A server that passes over what was removed says from time to time that it is still there: each time the deadline begins anew.
  async #nextRows(scan: NativeScan): Promise<readonly Row[] | undefined> {
    for (let looked = 0; looked < mostLooks; looked++) {
      const rows = await this.#persistently('read', signal => scan.next(signal))
      if (rows === undefined || rows.length > 0) return rows
    }
    const message = `Cannot read the table ${this.#text}: its server was asked ${mostLooks} times and gave neither a row nor the end.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: true })
  }

  async #run(what: string, tasks: readonly Task[]): Promise<boolean[]> {
    const results: ActionResult[] = tasks.map(() => notAsked)
    if (tasks.length === 0) return results as boolean[]
    let left = tasks.map((_task, i) => i)
    await this.#persistently(what, async signal => {
      const regions = await this.#regions.all(signal)
      try {
        await this.#attempt(regions, tasks, left, results)
      } catch (error) {
        if (error instanceof HBaseFailure && error.transient) this.#regions.forget(regions)
        throw error
      } finally {
        left = left.filter(i => results[i] instanceof HBaseFailure)
      }
      const failures = left.map(i => results[i] as HBaseFailure)
      if (failures.length === 0) return
      this.#regions.forget(regions)
      throw failures.find(({ transient }) => !transient) ?? failures[0]!
    })
    return results as boolean[]
  }

  // One call for each server, all at once. Those that were not answered keep the failure of their call.
  async #attempt(
    regions: readonly Region[],
    tasks: readonly Task[],
    left: readonly number[],
    results: ActionResult[]
  ): Promise<void> {
    const byServer = new Map<string, { region: Region; actions: Action[]; places: Map<Action, number> }>()
    for (const i of left) {
      const task = tasks[i]!
      const region = regionAt(regions, task.key)
      const name = `${region.server.host}:${region.server.port}`
      let call = byServer.get(name)
      if (call === undefined) byServer.set(name, (call = { region, actions: [], places: new Map() }))
      const action = { ...task, region: region.name }
      call.actions.push(action)
      call.places.set(action, i)
    }
    await Promise.all(
      [...byServer.values()].map(async ({ region, actions, places }) => {
        const groups = groupsOf(actions)
        const outcome = await this.#multi(region, groups)
        groups.forEach((group, g) => group.forEach((action, a) => (results[places.get(action)!] = outcome[g]![a]!)))
      })
    )
  }

  async #multi({ server }: Region, groups: readonly Action[][]): Promise<ActionResult[][]> {
    try {
      const answer = await this.#cluster.call(server, 'ClientService', 'Multi', multiRequest(groups))
      return multiResults(answer, groups)
    } catch (error) {
      if (!(error instanceof HBaseFailure)) throw error
      return groups.map(group => group.map(() => error))
    }
  }

  async #persistently<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    let isFamilyMade = false
    return persistently(this.#timeout, `${what} the table ${this.#text}`, async signal => {
      try {
        return await work(signal)
      } catch (error) {
        if (isMissingTable(error) && what !== 'open') throw this.#missing(error)
        if (!isMissingFamily(error) || isFamilyMade) throw error
        isFamilyMade = true
        await addFamily(this.#cluster, this.#name, signal)
        return work(signal)
      }
    })
  }

  #missing(cause: unknown): StorageError {
    const message = `The table ${this.#text} was there and is not any more: somebody has dropped it. It is made anew with the next start.`
    return new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
  }
}

const isMissingTable = (error: unknown): boolean =>
  error instanceof HBaseFailure && error.exception === 'TableNotFoundException'

const isMissingFamily = (error: unknown): boolean =>
  error instanceof HBaseFailure && error.exception === 'NoSuchColumnFamilyException'
