import { cut, type Event, type Files, written } from './recording-disk.ts'

const sectorBytes = 512

/** Says which of so many versions of something is on the disk: 0 is what was synced, the last is what was written last. */
export type Choice = (versions: number) => number

/** A file with all that it may be after a loss of power. */
class UncertainFile {
  bytes: Buffer
  #durable: Buffer
  /** The lengths it had since it was synced, and what each sector held then. */
  #lengths: number[] = []
  readonly #sectors = new Map<number, Buffer[]>()
  /** Sectors whose sync failed: the system takes them for clean now, and no later sync writes them. */
  readonly #stuck = new Map<number, Buffer[]>()

  constructor(durable: Buffer) {
    this.bytes = durable
    this.#durable = durable
  }

  change(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes
    this.#lengths.push(bytes.length)
    for (let at = from - (from % sectorBytes); at < to; at += sectorBytes) {
      const sector = cut(bytes.subarray(at, at + sectorBytes), sectorBytes)
      this.#sectors.set(at, [...(this.#stuck.get(at) ?? []), ...(this.#sectors.get(at) ?? []), sector])
      this.#stuck.delete(at)
    }
  }

  sync(): void {
    const before = this.#durable
    this.#durable = this.#stuck.size === 0 ? this.bytes : Buffer.from(this.bytes)
    for (const at of this.#stuck.keys()) {
      if (at >= this.#durable.length) this.#stuck.delete(at)
      else cut(before.subarray(at, at + sectorBytes), sectorBytes).copy(this.#durable, at)
    }
    this.#lengths = []
    this.#sectors.clear()
  }

  failToSync(): void {
    for (const [at, versions] of this.#sectors) this.#stuck.set(at, [...(this.#stuck.get(at) ?? []), ...versions])
    this.#sectors.clear()
  }

  /** How many things about it are uncertain. */
  get open(): number {
    return (this.#lengths.length > 0 ? 1 : 0) + this.#sectors.size + this.#stuck.size
  }

  /** What it is after a loss of power. */
  left(choose: Choice): Buffer {
    if (this.open === 0) return this.#durable
    const left = cut(this.#durable, [this.#durable.length, ...this.#lengths][choose(1 + this.#lengths.length)]!)
    for (const [at, versions] of [...this.#stuck, ...this.#sectors]) {
      const version = choose(1 + versions.length)
      if (version > 0 && at < left.length)
        versions[version - 1]!.copy(left, at, 0, Math.min(sectorBytes, left.length - at))
    }
    return left
  }
}

type Names = Map<string, UncertainFile>

/**
 * What a disk may hold when it loses its power: each sector that was not synced is there or not, in any of its versions, and
 * so are the length of each file, and each name that was made, changed or deleted since its folder was synced.
 */
export class CrashStates {
  /** A disk that says of everything that it is durable, and does nothing for it. */
  readonly #isLying: boolean
  readonly #files = new Map<number, UncertainFile>()
  readonly #names: Names = new Map()
  #durable: Names
  #changes: Array<(names: Names) => unknown> = []

  constructor(files: Files, isLying = false) {
    this.#isLying = isLying
    let count = 0
    for (const [path, bytes] of files) {
      const file = new UncertainFile(bytes)
      this.#files.set(count++, file)
      this.#names.set(path, file)
    }
    this.#durable = new Map(this.#names)
  }

  /** Takes in what was done next. Returns whether what may be left is another now. */
  take(event: Event): boolean {
    if (event.what === 'say') return false
    if (event.what === 'create') this.#create(event.path, event.file)
    else if (event.what === 'rename') this.#rename(event.from, event.to)
    else if (event.what === 'remove') this.#change(names => names.delete(event.path))
    else if (event.what === 'write') this.#write(event.file, event.at, event.bytes)
    else if (event.what === 'truncate') this.#truncate(event.file, event.length)
    else if (event.what === 'failedSync') this.#files.get(event.file)!.failToSync()
    else if (!this.#isLying) this.#sync(event.what === 'sync' ? event.file : undefined)
    return true
  }

  /** How many things are uncertain, about. */
  get open(): number {
    const files = new Set([...this.#durable.values(), ...this.#names.values()])
    return [...files].reduce((sum, { open }) => sum + open, this.#changes.length)
  }

  /** What is left. Asks once for each thing that is uncertain. */
  left(choose: Choice): Map<string, Buffer> {
    const names = new Map(this.#durable)
    for (const change of this.#changes) if (choose(2) === 1) change(names)
    return new Map([...names].map(([path, file]) => [path, file.left(choose)]))
  }

  #create(path: string, number: number): void {
    const file = new UncertainFile(Buffer.alloc(0))
    this.#files.set(number, file)
    this.#change(names => names.set(path, file))
  }

  #rename(from: string, to: string): void {
    const file = this.#names.get(from)!
    this.#change(names => {
      names.set(to, file)
      if (names.get(from) === file) names.delete(from)
    })
  }

  #write(number: number, at: number, bytes: Buffer): void {
    const file = this.#files.get(number)!
    file.change(written(file.bytes, at, bytes), at, at + bytes.length)
  }

  #truncate(number: number, length: number): void {
    const file = this.#files.get(number)!
    file.change(cut(file.bytes, length), length, length)
  }

  #change(change: (names: Names) => unknown): void {
    change(this.#names)
    this.#changes.push(change)
  }

  #sync(file: number | undefined): void {
    if (file !== undefined) return this.#files.get(file)!.sync()
    this.#durable = new Map(this.#names)
    this.#changes = []
  }
}
