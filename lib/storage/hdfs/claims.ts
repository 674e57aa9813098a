import { claimedName } from './file-name.ts'
import { isMissing, isOpen, isThereAlready } from './hdfs-error.ts'
import type { Owners } from './owners.ts'
import type { DataFile } from './survey.ts'
import type { WebHdfs } from './web-hdfs.ts'

/** A data file that this storage has claimed, or tries to. */
export class Claim {
  readonly base: string
  readonly folder: string
  /** The entries that a reader was given and has not settled, by their cell. */
  readonly given = new Set<number>()
  /** How many read in it. */
  readers = 0
  /** Under whose name it is held, which changes when a lease has lapsed; `undefined` when it is not. */
  owner: string | undefined
  /** It was deleted, since all of its entries are settled: who still has some of it in memory has nothing to give. */
  isDeleted = false
  /** What is done to its name, one after the other. */
  turn: Promise<unknown> = Promise.resolve()
  readonly #onIdle: (claim: Claim) => void

  constructor(base: string, folder: string, onIdle: (claim: Claim) => void) {
    this.base = base
    this.folder = folder
    this.#onIdle = onIdle
  }

  get isHeld(): boolean {
    return this.owner !== undefined
  }

  /** Nobody reads in it, and nothing is outstanding. */
  get isIdle(): boolean {
    return this.readers === 0 && this.given.size === 0
  }

  /** An entry is outstanding no more. */
  settle(cell: number): void {
    if (this.given.delete(cell) && this.isIdle) this.#onIdle(this)
  }

  leave(): void {
    this.readers--
    if (this.isIdle) this.#onIdle(this)
  }
}

/**
 * Data files that this storage has for itself: no other one that claims reads them. Within the storage its readers share them
 * entry by entry.
 *
 * A file is claimed by renaming it, from `name` to `name~owner`. Of several who try one succeeds, since the name that they
 * start from is gone then; and as that name says who had it before, one that was taken from a dead owner cannot be taken from
 * its new one by somebody who only knows of the dead. A claim is nowhere else, so it ends with its file.
 */
export class Claims {
  readonly #fs: WebHdfs
  readonly #owners: Owners
  readonly #taken = new Map<string, Claim>()
  #haveEnded = false

  constructor(fs: WebHdfs, owners: Owners) {
    this.#fs = fs
    this.#owners = owners
  }

  /** Before a reading: what lapsed is given up. */
  async begin(): Promise<void> {
    if (this.#owners.hasLapsed) {
      for (const claim of this.#taken.values()) claim.owner = undefined
      this.#taken.clear()
      await this.#owners.rename()
    }
    await this.#owners.start()
    await this.#owners.look()
  }

  /** All was given back, or is about to be: what was claimed may be another one's. */
  get haveEnded(): boolean {
    return this.#haveEnded
  }

  /** Others may have by now what this storage has claimed: this file, or all files. */
  hasLapsed(claim: Claim): boolean {
    return this.#owners.hasLapsed || !(claim.owner === this.#owners.me || claim.isDeleted)
  }

  /** Where a file is now, as far as this storage knows. */
  pathOf({ folder, name }: DataFile): string {
    const { base, owner } = name
    return `${folder}/${claimedName(base, this.#taken.get(base)?.owner ?? owner)}`
  }

  held(base: string): Claim | undefined {
    const claim = this.#taken.get(base)
    return claim?.isHeld ? claim : undefined
  }

  /** Enters a file to read; `undefined` when somebody else has it, or it is gone. Is to be left again. */
  async enter({ folder, name }: DataFile): Promise<Claim | undefined> {
    const { base, owner } = name
    const claim = this.#taken.get(base) ?? new Claim(base, folder, idle => this.#giveBack(idle))
    this.#taken.set(base, claim)
    claim.readers++
    try {
      await this.#inTurn(claim, async () => {
        const { me } = this.#owners
        // Another reading may have found meanwhile that the lease has lapsed: then it is nobody's.
        if (!claim.isHeld && (await this.#take(claim, owner, me)) && me === this.#owners.me) claim.owner = me
      })
    } catch (error) {
      claim.leave()
      throw error
    }
    if (claim.isHeld) return claim
    claim.leave()
    return undefined
  }

  /** Deletes a file of ours. Gives whether it was there. */
  async delete(claim: Claim): Promise<boolean> {
    return this.#inTurn(claim, async () => {
      const wasThere = await this.#fs.delete(pathOf(claim, claim.owner))
      claim.isDeleted = true
      this.#drop(claim)
      return wasThere
    })
  }

  /** Gives all back. */
  async end(): Promise<void> {
    this.#haveEnded = true
    const all = [...this.#taken.values()]
    for (const claim of all) {
      claim.readers = 0
      claim.given.clear()
      this.#giveBack(claim)
    }
    await Promise.all(all.map(({ turn }) => turn))
    await this.#owners.stop().catch(() => undefined)
  }

  // One that cannot be given back is free when our lease ends.
  #giveBack(claim: Claim): void {
    void this.#inTurn(claim, async () => {
      if (!claim.isIdle) return
      try {
        if (claim.isHeld) await this.#fs.rename(pathOf(claim, claim.owner), pathOf(claim, undefined))
      } finally {
        this.#drop(claim)
      }
    }).catch(() => undefined)
  }

  async #take(file: Claim, owner: string | undefined, me: string): Promise<boolean> {
    if (owner === me) {
      // It is ours without our knowing, or was when it was listed, and was given back since.
      return (await this.#isThere(file, me)) || this.#take(file, undefined, me)
    }
    if (owner !== undefined && (await this.#owners.isAlive(owner))) return false
    try {
      await this.#fs.rename(pathOf(file, owner), pathOf(file, me), 'patient')
      return true
    } catch (error) {
      if (!isMissing(error) && !isThereAlready(error) && !isOpen(error)) throw error
      // It is gone, or another one was quicker; or it is ours, and the answer was lost.
      return this.#isThere(file, me)
    }
  }

  async #isThere(file: Claim, owner: string): Promise<boolean> {
    return (await this.#fs.status(pathOf(file, owner))) !== undefined
  }

  #drop(claim: Claim): void {
    claim.owner = undefined
    if (this.#taken.get(claim.base) === claim && claim.readers === 0) this.#taken.delete(claim.base)
  }

  #inTurn<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
    const done = claim.turn.then(work)
    claim.turn = done.catch(() => undefined)
    return done
  }
}

const pathOf = ({ folder, base }: Claim, owner: string | undefined): string => `${folder}/${claimedName(base, owner)}`
