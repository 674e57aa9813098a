import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import type { Stats } from '../../../lib/account.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { seededRandom } from '../../support/fault.ts'
import { type Oracle, startOracle } from '../../support/oracle.ts'
import { Proxy } from '../../support/proxy.ts'
import { WarmChild } from '../support/warm-child.ts'
import type { ChaosTask } from './chaos-task.ts'
import { cure, poison } from './toxics.ts'

const plan = { failRate: 0.05, cutRate: 0.01, lateRate: 0.02, lateBy: 100 }
const noPlan = { failRate: 0, cutRate: 0, lateRate: 0 }
const folders = ['journal', 'failover', 'fallback'] as const
const changeEvery = 80

/** So many records from one source to one endpoint, with all that can go wrong on the way. */
export class ChaosRun {
  readonly counts = { records: 0, kills: 0, 'changes of the way': 0, 'stored on the way': 0, 'sent twice': 0 }
  readonly #program: string
  readonly #oracle: Oracle
  readonly #proxy: Proxy
  readonly #random: () => number
  readonly #task: ChaosTask
  #next: WarmChild
  #kept = 0

  private constructor(program: string, oracle: Oracle, proxy: Proxy, task: ChaosTask) {
    this.#program = program
    this.#oracle = oracle
    this.#proxy = proxy
    this.#random = seededRandom(task.seed)
    this.#task = task
    this.#next = new WarmChild(program)
  }

  /** `programs` are compiled: the child, and the oracle. */
  static async start(
    programs: { child: string; oracle: string },
    folder: string,
    seed: number,
    records: number
  ): Promise<ChaosRun> {
    mkdirSync(folder)
    const oracle = await startOracle({ ...plan, seed }, undefined, [programs.oracle])
    const proxy = await new Proxy(oracle.port).listen()
    const url = `${proxy.origin}/sink`
    const task: ChaosTask = { url, folder, seed, from: 0, records, faulty: true, retries: 2, replay: false }
    return new ChaosRun(programs.child, oracle, proxy, task)
  }

  async run(): Promise<void> {
    const worse = setInterval(() => {
      poison(this.#proxy, this.#random)
      this.counts['changes of the way']++
    }, changeEvery)
    try {
      while (this.#kept < this.#task.records) await this.#live()
      clearInterval(worse)
      await this.#comeHome()
      await this.#judge()
    } finally {
      clearInterval(worse)
      await this.#next.kill()
      await this.#proxy.close()
      await this.#oracle.close()
    }
  }

  /** A child that sends what is not known to be safe, until it is killed. */
  async #live(): Promise<void> {
    const { records, seed } = this.#task
    const child = await this.#start({ from: this.#kept, seed: seed + this.counts.kills })
    await child.until('kept', Math.min(records, this.#kept + Math.ceil(this.#random() * records * 0.3)), 90_000)
    await pause(this.#random() * 50)
    const { signal, code, errors } = await child.kill()
    this.#kept = Math.max(this.#kept, child.last('kept'))
    if (signal === 'SIGKILL') this.counts.kills++
    else expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
  }

  async #start(changes: Partial<ChaosTask>): Promise<WarmChild> {
    const child = this.#next
    this.#next = new WarmChild(this.#program)
    await child.go({ ...this.#task, ...changes })
    return child
  }

  /** What is in the journal goes out, and then what is stored. */
  async #comeHome(): Promise<void> {
    cure(this.#proxy)
    await this.#oracle.plan(noPlan)
    for (const replay of [false, true]) {
      const child = await this.#start({ from: this.#task.records, faulty: false, replay, retries: 20 })
      const { code, errors } = await child.end(90_000)
      expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
      const line = child.lines.find(each => each.startsWith('stats '))!
      if (replay) this.counts['stored on the way'] = (JSON.parse(line.slice(6)) as Stats).accepted
    }
  }

  async #judge(): Promise<void> {
    const { folder, records } = this.#task
    const reports = await Promise.all(folders.map(name => new FileStorage({ path: join(folder, name) }).report()))
    expect(
      reports.map(({ entries }) => entries),
      `what is left in ${folders.join()}`
    ).to.deep.equal([0, 0, 0])
    const missing = await this.#oracle.missing(records)
    const { unique, altered, duplicates } = await this.#oracle.stats()
    const whole = { missing: { count: 0, ids: [] }, unique: records, altered: 0 }
    expect({ missing, unique, altered }).to.deep.equal(whole)
    this.counts.records = unique
    this.counts['sent twice'] = duplicates
  }
}
