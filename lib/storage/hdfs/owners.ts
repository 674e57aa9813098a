import { newOwner } from './file-name.ts'
import { pagesOf } from './survey.ts'
import type { WebHdfs } from './web-hdfs.ts'

const fileName = /^([0-9a-f]{16})-(\d{1,9})$/
const day = 24 * 60 * 60 * 1000
const beatsPerLease = 3

/**
 * Who is alive. Each owner has a file, `<owner>-<lease>`, which it writes anew several times in its lease; one whose file is
 * older than that, or not there, is dead, and what it has claimed may be taken. All times are those of the NameNode, which
 * gives a file its time: clocks of machines are never compared.
 *
 * An owner that could not renew its lease in time counts as dead for itself too: it goes on under another name.
 */
export class Owners {
  readonly #fs: WebHdfs
  readonly #folder: string
  readonly #lease: number
  #me = newOwner()
  #beating: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #until = Infinity
  #now = 0
  #seen = new Map<string, { at: number; lease: number }>()

  constructor(fs: WebHdfs, folder: string, lease: number) {
    this.#fs = fs
    this.#folder = folder
    this.#lease = lease
  }

  get me(): string {
    return this.#me
  }

  /** Milliseconds, by the NameNode's clock: when we last said that we live, as of when this last looked. */
  get now(): number {
    return this.#now
  }

  /** Our lease has ended without our knowing: others may have what we had claimed. */
  get hasLapsed(): boolean {
    return performance.now() > this.#until
  }

  /** Says that we live, and goes on saying so: to be called before anything is claimed. */
  async start(): Promise<void> {
    await this.#beatOnce()
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => void this.#beatOnce().catch(() => undefined), this.#lease / beatsPerLease)
    this.#timer.unref()
  }

  /** Goes on under another name, since the one that lapsed has nothing any more. */
  async rename(): Promise<void> {
    const stopped = this.stop()
    this.#me = newOwner()
    await stopped.catch(() => undefined)
  }

  /** Whether somebody else, who has claimed something, is alive. */
  async isAlive(owner: string): Promise<boolean> {
    if (this.#isFresh(owner)) return true
    // It may have come, or said again that it lives, since we looked.
    await this.look()
    return this.#isFresh(owner)
  }

  /** Looks who is there. Deletes those who have been dead for long. */
  async look(): Promise<void> {
    const seen = new Map<string, { at: number; lease: number }>()
    for await (const { items } of pagesOf(this.#fs, this.#folder)) {
      for (const { pathSuffix, modificationTime } of items) {
        const [, owner, lease] = fileName.exec(pathSuffix) ?? []
        if (owner !== undefined) seen.set(owner, { at: modificationTime, lease: Number(lease) })
      }
    }
    this.#seen = seen
    this.#now = seen.get(this.#me)?.at ?? this.#now
    for (const [owner, { at, lease }] of seen) {
      if (at + lease + day < this.#now) await this.#fs.delete(`${this.#folder}/${owner}-${lease}`)
    }
  }

  async stop(): Promise<void> {
    const file = this.#file
    const wasStarted = this.#timer !== undefined
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#beating?.catch(() => undefined)
    this.#until = Infinity
    if (wasStarted) await this.#fs.delete(file, 'brief')
  }

  get #file(): string {
    return `${this.#folder}/${this.#me}-${this.#lease}`
  }

  #isFresh(owner: string): boolean {
    const seen = this.#seen.get(owner)
    return seen !== undefined && seen.at + seen.lease >= this.#now
  }

  // Two who write the same file at once get in each other's way.
  #beatOnce(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => (this.#beating = undefined))
    return this.#beating
  }

  async #beat(): Promise<void> {
    const before = performance.now()
    await this.#fs.create(this.#file, new Uint8Array(0))
    // A lease that has lapsed stays so: others may have acted on it.
    if (!this.hasLapsed) this.#until = before + this.#lease
  }
}
