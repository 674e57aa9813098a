import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { failedDelivery } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { type Oracle, startOracle } from '../../support/oracle.ts'
import { provenRecord } from '../../support/proven-record.ts'
import { type CampaignCounts, harm, type Programs } from './campaign.ts'
import { limits, twiceAtMost } from './kill-task.ts'

/** What is killed: `run` of a file, or of standard input, or `replay`. */
export const commandWays = ['file', 'input', 'replay'] as const

type Way = (typeof commandWays)[number]

const recordsEach = 50

/** The real command line over the same folders, killed again and again; at the end everything must come home. */
export class CommandCampaign {
  readonly counts: CampaignCounts = {
    kills: 0,
    'in the first 5 ms': 0,
    'ends of its own': 0,
    records: 0,
    'sent twice': 0
  }
  readonly #command: string
  readonly #folder: string
  readonly #oracle: Oracle
  readonly #random: () => number
  readonly #way: Way
  readonly #prefixes: string[] = []

  private constructor(command: string, folder: string, oracle: Oracle, seed: number, way: Way) {
    this.#command = command
    this.#folder = folder
    this.#oracle = oracle
    this.#random = seededRandom(seed)
    this.#way = way
  }

  static async start(
    { command, oracle: program }: Programs & { command: string },
    folder: string,
    seed: number,
    way: Way
  ): Promise<CommandCampaign> {
    for (const name of ['journal', 'failover']) mkdirSync(join(folder, name), { recursive: true })
    const oracle = await startOracle({ ...harm, seed }, undefined, [program])
    const campaign = new CommandCampaign(command, folder, oracle, seed, way)
    campaign.#configure(1)
    return campaign
  }

  async run(cycles: number): Promise<void> {
    try {
      if (this.#way === 'file') this.#writeInput(cycles * recordsEach)
      for (let cycle = 0; cycle < cycles; cycle++) await this.#cycle(`${cycle}-`)
      await this.#comeHome()
      await this.#judge(cycles)
    } finally {
      await this.#oracle.close()
    }
  }

  #configure(retries: number): void {
    const http = { url: this.#oracle.url, numWriters: limits.underWay, queueCapacity: limits.waiting, timeout: 2_000 }
    const config = {
      http,
      retry: { retries, minDelay: 1, maxDelay: 4 },
      failover: { path: './failover', segmentBytes: 4096 },
      journal: { path: './journal', segmentBytes: 4096, queueCapacity: limits.waiting }
    }
    // JSON is YAML, too.
    writeFileSync(join(this.#folder, 'c.yaml'), JSON.stringify(config))
  }

  #writeInput(records: number): void {
    this.#prefixes.push('f-')
    writeFileSync(join(this.#folder, 'events.ndjson'), linesOf('f-', records))
  }

  async #cycle(prefix: string): Promise<void> {
    if (this.#way === 'replay') await this.#store(prefix)
    const early = this.#random() < 0.3
    const { requests } = await this.#oracle.stats()
    const signOfLife = early ? this.#change() : undefined
    const child = this.#start(this.#way === 'replay' ? ['replay', 'c.yaml', '--all'] : this.#runArguments())
    if (this.#way === 'input') {
      this.#prefixes.push(prefix)
      child.stdin.write(linesOf(prefix, recordsEach))
    }
    const ended = once(child, 'close')
    const target = requests + 1 + Math.floor(this.#random() * recordsEach)
    await Promise.race([ended, signOfLife ?? this.#requests(target, child)])
    await pause(this.#random() * 5)
    child.kill('SIGKILL')
    await ended
    if (child.signalCode === 'SIGKILL') {
      this.counts.kills++
      if (early) this.counts['in the first 5 ms']++
    } else {
      expect(child.exitCode, 'an end of its own').to.be.oneOf([0, 3])
      this.counts['ends of its own']++
    }
  }

  async #store(prefix: string): Promise<void> {
    this.#prefixes.push(prefix)
    const storage = new FileStorage({ path: join(this.#folder, 'failover'), segmentBytes: 4096 })
    const ids = Array.from({ length: recordsEach }, (_, i) => `${prefix}${i}`)
    await storage.append(ids.map(id => failedDelivery([JSON.stringify(provenRecord(id))], { id })))
    await storage.close()
  }

  /** The first change of a folder: it is being opened. */
  async #change(): Promise<void> {
    const watcher = watch(join(this.#folder, this.#way === 'replay' ? 'failover' : 'journal'))
    await once(watcher, 'change')
    watcher.close()
  }

  async #requests(target: number, child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
    for (const end = performance.now() + 20_000; performance.now() < end; await pause(3)) {
      if (child.exitCode !== null || (await this.#oracle.stats()).requests >= target) return
    }
    throw new Error(`The endpoint got no ${target} requests.`)
  }

  #runArguments(): string[] {
    return ['run', 'c.yaml', '--input', this.#way === 'file' ? 'events.ndjson' : '-']
  }

  #start(args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
    const child = spawn(process.execPath, [this.#command, ...args, '--quiet'], {
      cwd: this.#folder,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' }
    })
    child.stdin.on('error', () => {})
    child.stdout.resume()
    return child
  }

  async #comeHome(): Promise<void> {
    this.#configure(1_000)
    if (this.#way !== 'replay') await this.#toItsEnd(this.#runArguments())
    await this.#toItsEnd(['replay', 'c.yaml', '--all'])
    const reports = ['journal', 'failover'].map(name => new FileStorage({ path: join(this.#folder, name) }).report())
    const left = (await Promise.all(reports)).map(({ entries, damaged, missing, foreign }) => ({
      entries,
      faults: damaged + missing.length + foreign.filter(name => !name.includes('place')).length
    }))
    expect(left, 'what is left').to.deep.equal([
      { entries: 0, faults: 0 },
      { entries: 0, faults: 0 }
    ])
  }

  async #toItsEnd(args: readonly string[]): Promise<void> {
    const child = this.#start(args)
    child.stdin.end()
    await once(child, 'close')
    expect(child.exitCode, args.join(' ')).to.equal(0)
  }

  async #judge(cycles: number): Promise<void> {
    const { unique, duplicates, rekeyed, altered, unanswered } = await this.#oracle.stats()
    let arrived = 0
    for (const prefix of this.#prefixes) {
      const asked = this.#way === 'file' ? cycles * recordsEach : recordsEach
      const { ids } = await this.#oracle.missing(asked, prefix, asked)
      arrived += asked - ids.length
      // What was in a pipe when its reader was killed is nobody's: it is the end of what was written, and nothing else.
      const first = asked - ids.length
      const lost = ids.filter(id => this.#way !== 'input' || Number(id.slice(prefix.length)) < first)
      expect(lost, 'lost').to.deep.equal([])
    }
    expect({ altered, rekeyed, invented: unique - arrived }).to.deep.equal({ altered: 0, rekeyed: 0, invented: 0 })
    const twice = duplicates - unanswered
    expect(twice, 'sent twice').to.be.at.most(this.counts.kills * twiceAtMost(1))
    this.counts.records = unique
    this.counts['sent twice'] = Math.max(0, twice)
  }
}

function linesOf(prefix: string, records: number): string {
  return Array.from({ length: records }, (_, i) => `${JSON.stringify(provenRecord(`${prefix}${i}`))}\n`).join('')
}
