import { Cells } from '../file/cells.ts'
import type { Claim } from './claims.ts'
import type { Position } from './entry.ts'
import type { DataFile } from './survey.ts'

/** A data file, as one reading goes through it. */
export class EntryFile {
  readonly file: DataFile
  /** Without one, in a reading that claims, somebody else has it: it is only looked for older versions. */
  readonly claim: Claim | undefined
  /** How many entries it has. Where its name does not say: known once it was read to its end. */
  entries: number | undefined
  readonly #kin = new Map<number, Position[]>()
  readonly #removed = new Cells()
  readonly #released = new Cells()

  constructor(file: DataFile, claim: Claim | undefined) {
    this.file = file
    this.claim = claim
    this.entries = file.name.entries
  }

  /**
   * All the places where the version of a delivery is that was given from here, and where older ones are: an append that was
   * repeated may have left two, and a reading may come to the second one after it gave the first, or after that was removed.
   */
  family(cell: number): Position[] {
    return [{ in: this, cell }, ...(this.#kin.get(cell) ?? [])]
  }

  /** Adds places to a family. */
  join(cell: number, ...positions: readonly Position[]): void {
    this.#kin.set(cell, [...(this.#kin.get(cell) ?? []), ...positions])
  }

  isRemoved(cell: number): boolean {
    return this.#removed.has(cell)
  }

  isReleased(cell: number): boolean {
    return this.#released.has(cell)
  }

  /** Nobody has the family any more that was given from here. */
  release(cell: number): void {
    // Once: it may be another reader's by now.
    if (this.isReleased(cell) || this.isRemoved(cell)) return
    this.#released.add(cell)
    for (const position of this.family(cell)) position.in.claim?.settle(position.cell)
  }

  /** A family that was given from here is gone. */
  remove(cell: number): void {
    this.#removed.add(cell)
    this.#kin.delete(cell)
  }
}
