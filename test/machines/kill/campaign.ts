import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { recordsOf } from '../../../lib/storage/envelope.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { entriesIn } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { type Oracle, startOracle } from '../../support/oracle.ts'
import { WarmChild } from '../support/warm-child.ts'
import { type KillTask, twiceAtMost } from './kill-task.ts'

/** Sometimes 503, sometimes late, sometimes taken without an answer. */
export const harm = { failRate: 0.1, cutRate: 0.02, lateRate: 0.05, lateBy: 30, latency: 3 }

export interface Programs {
  readonly child: string
  readonly oracle: string
}

export interface CampaignCounts {
  kills: number
  'in the first 5 ms': number
  'ends of its own': number
  records: number
  'sent twice': number
}

/** The same folders, killed again and again, and at the end everything must come home. */
export class Campaign {
  readonly counts: CampaignCounts = {
    kills: 0,
    'in the first 5 ms': 0,
    'ends of its own': 0,
    records: 0,
    'sent twice': 0
  }
  readonly #programs: Programs
  readonly #folder: string
  readonly #oracle: Oracle
  readonly #random: () => number
  readonly #kept = new Map<string, number>()
  readonly #task: KillTask
  #next: WarmChild

  private constructor(programs: Programs, folder: string, oracle: Oracle, seed: number, work: KillTask['work']) {
    this.#programs = programs
    this.#folder = folder
    this.#oracle = oracle
    this.#random = seededRandom(seed)
    this.#next = new WarmChild(programs.child)
    this.#task = {
      url: oracle.url,
      folder,
      work,
      prefix: '',
      records: 60,
      retries: 1,
      passes: 3,
      batchSize: this.#random() < 0.7 ? 1 : 5,
      sync: (['group', 'group', 'always', 'interval'] as const)[Math.floor(this.#random() * 4)]!
    }
  }

  static async start(programs: Programs, folder: string, seed: number, work: KillTask['work']): Promise<Campaign> {
    mkdirSync(folder)
    const oracle = await startOracle({ ...harm, seed }, undefined, [programs.oracle])
    return new Campaign(programs, folder, oracle, seed, work)
  }

  async run(cycles: number): Promise<void> {
    try {
      for (let cycle = 0; cycle < cycles; cycle++) await this.#cycle(`${cycle}-`)
      await this.#comeHome()
      await this.#judge()
    } finally {
      await this.#next.kill()
      await this.#oracle.close()
    }
  }

  async #cycle(prefix: string): Promise<void> {
    const child = await this.#start({ prefix })
    const early = this.#random() < 0.25
    const moment = this.#random()
    if (!early) await child.until('kept', Math.ceil(moment * this.#task.records))
    await pause(early ? moment * 5 : this.#random() * 15)
    const end = await child.kill()
    this.#kept.set(prefix, child.last('kept'))
    if (end.signal === 'SIGKILL') {
      this.counts.kills++
      if (early) this.counts['in the first 5 ms']++
    } else {
      expect(end, 'an end of its own').to.include({ code: 0, errors: '' })
      this.counts['ends of its own']++
    }
    await this.#expectSafe()
  }

  async #start(task: Partial<KillTask>): Promise<WarmChild> {
    const child = this.#next
    this.#next = new WarmChild(this.#programs.child)
    await child.go({ ...this.#task, ...task })
    return child
  }

  /** Of each prefix so many first ones are at the endpoint, or in the folder. */
  async #expectSafe(): Promise<void> {
    const stored = await this.#idsInFolder()
    for (const [prefix, count] of this.#kept) {
      const { ids } = await this.#oracle.missing(count, prefix, count)
      expect(
        ids.filter(id => !stored.has(id)),
        'lost'
      ).to.deep.equal([])
    }
  }

  async #idsInFolder(): Promise<Set<string>> {
    const ids = new Set<string>()
    for (const name of ['journal', 'failover']) {
      const entries = await entriesIn(new FileStorage({ path: join(this.#folder, name) }))
      const records = entries.flatMap(({ envelope }) => recordsOf(envelope))
      for (const record of records) ids.add((JSON.parse(String(record)) as { id: string }).id)
    }
    return ids
  }

  async #comeHome(): Promise<void> {
    const works = this.#task.work === 'journal' ? (['journal', 'replay'] as const) : (['replay'] as const)
    for (const work of works) {
      const child = await this.#start({ work, prefix: '-', records: 0, retries: 1_000, passes: 1 })
      expect(await child.end(), 'the last run').to.include({ code: 0, errors: '' })
    }
    expect([...(await this.#idsInFolder())], 'what is left').to.deep.equal([])
  }

  async #judge(): Promise<void> {
    const { unique, duplicates, rekeyed, altered, unanswered } = await this.#oracle.stats()
    const asked = [...this.#kept.keys()].map(prefix => this.#oracle.missing(this.#task.records, prefix))
    const arrived = (await Promise.all(asked)).reduce((sum, { count }) => sum + this.#task.records - count, 0)
    expect({ altered, invented: unique - arrived }).to.deep.equal({ altered: 0, invented: 0 })
    // A batch is composed anew after a crash.
    if (this.#task.batchSize === 1) expect(rekeyed, 'under another key').to.equal(0)
    const twice = duplicates - unanswered
    expect(twice, 'sent twice').to.be.at.most(this.counts.kills * twiceAtMost(this.#task.batchSize))
    this.counts.records = unique
    this.counts['sent twice'] = Math.max(0, twice)
  }
}
