import type { Position } from './entry.ts'
import { idHash } from './id-hash.ts'

/** An entry that was given. */
export interface Given extends Position {
  readonly version: number
}

// Of the 16 Ki to 32 Ki entries that a reading gave last: more than there are in the largest file, which may be there twice.
const generation = 16 * 1024
const slots = 2 * generation

/**
 * Where a reading has found what it gave last: an entry that is there twice is known by it, as long as the two are not too far
 * apart. The ids are in tables of numbers: a `Map` of as many objects is copied by each collection of young garbage, which
 * took as long as all the rest of reading an entry.
 */
export class RecentEntries {
  #young = new Table()
  #old = new Table()
  /** The id that was asked for last, which is mostly the next one to be set. */
  #id = ''
  #hash = idHash('')

  get(id: string): Given | undefined {
    const hash = this.#hashOf(id)
    return this.#young.get(id, hash) ?? this.#old.get(id, hash)
  }

  set(id: string, given: Given): void {
    this.#young.set(id, this.#hashOf(id), given)
    if (this.#young.size < generation) return
    const oldest = this.#old
    this.#old = this.#young
    this.#young = oldest
    oldest.clear()
  }

  #hashOf(id: string): number {
    if (id !== this.#id) {
      this.#id = id
      this.#hash = idHash(id)
    }
    return this.#hash
  }
}

/** Ids, by open addressing, and what was given last for each. */
class Table {
  size = 0
  /**
   * The number of an id, and 1, and beside it the hash, where a processor finds it without another look; 0 where there is none. At
   * most every second one is taken.
   */
  readonly #slots = new Int32Array(2 * slots)
  /** The ids, one behind the other, as UTF-16. */
  #characters = new Uint16Array(1024)
  /** Of each id where it ends, the version, the cell, and the number of the file, side by side. */
  readonly #fields = new Float64Array(4 * generation)
  readonly #files: Array<Given['in']> = []

  get(id: string, hash: number): Given | undefined {
    const number = this.#slots[this.#slotOf(id, hash)]! - 1
    if (number < 0) return undefined
    const at = 4 * number
    return { version: this.#fields[at + 1]!, in: this.#files[this.#fields[at + 3]!]!, cell: this.#fields[at + 2]! }
  }

  set(id: string, hash: number, given: Given): void {
    const slot = this.#slotOf(id, hash)
    if (this.#slots[slot] === 0) {
      this.#keep(id, this.size)
      this.#slots[slot] = ++this.size
      this.#slots[slot + 1] = hash
    }
    const number = this.#slots[slot]! - 1
    const at = 4 * number
    this.#fields[at + 1] = given.version
    this.#fields[at + 2] = given.cell
    this.#fields[at + 3] = this.#numberOf(given.in)
  }

  clear(): void {
    this.size = 0
    this.#slots.fill(0)
    this.#files.length = 0
  }

  /** Where the id is, or the free one where it would be. */
  #slotOf(id: string, hash: number): number {
    for (let slot = hash & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = 2 * slot
      const number = this.#slots[at]! - 1
      if (number < 0 || (this.#slots[at + 1] === hash && this.#isAt(number, id))) return at
    }
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : this.#fields[4 * number - 4]!
  }

  /** Entries come file by file. */
  #numberOf(file: Given['in']): number {
    if (this.#files.at(-1) !== file) this.#files.push(file)
    return this.#files.length - 1
  }

  #keep(id: string, number: number): void {
    const start = this.#startOf(number)
    const end = start + id.length
    if (end > this.#characters.length) {
      const larger = new Uint16Array(Math.max(end, 2 * this.#characters.length))
      larger.set(this.#characters.subarray(0, start))
      this.#characters = larger
    }
    for (let i = 0; i < id.length; i++) this.#characters[start + i] = id.charCodeAt(i)
    this.#fields[4 * number] = end
  }

  #isAt(number: number, id: string): boolean {
    const start = this.#startOf(number)
    if (this.#fields[4 * number]! - start !== id.length) return false
    for (let i = 0; i < id.length; i++) if (this.#characters[start + i] !== id.charCodeAt(i)) return false
    return true
  }
}
