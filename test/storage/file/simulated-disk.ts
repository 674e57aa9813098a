import type { Disk, DiskFile, FolderItem } from '../../../lib/storage/file/disk.ts'

const sectorBytes = 512

/** Says at random what a loss of power leaves. */
export type Chance = () => number

/** What a file consists of: what is on the disk for sure, and what was written since. */
class SimulatedFile {
  durable = Buffer.alloc(0)
  bytes = Buffer.alloc(0)

  sync(): void {
    this.durable = Buffer.from(this.bytes)
  }

  /** Each sector that was written and not synced is there, or is not; so is the new length. */
  losePower(chance: Chance): void {
    const length = chance() < 0.5 ? this.bytes.length : this.durable.length
    const left = Buffer.alloc(length)
    for (let at = 0; at < length; at += sectorBytes) {
      const from = chance() < 0.5 ? this.bytes : this.durable
      from.subarray(at, Math.min(at + sectorBytes, length)).copy(left, at)
    }
    this.bytes = left
    this.sync()
  }
}

class PowerIsOff extends Error {
  readonly code = 'EPOWER'
}

/**
 * A disk in memory with one folder. Until it is synced a write, and until the folder is synced a name, may or may not survive
 * the loss of power, which comes with the call that `callsLeft` counts down to.
 */
export class SimulatedDisk implements Disk {
  callsLeft = Infinity
  /** A disk that says of everything that it is durable, and does nothing for it. */
  isLying = false
  #files = new Map<string, SimulatedFile>()
  #durable = new Map<string, SimulatedFile>()
  #changes: Array<(names: Map<string, SimulatedFile>) => unknown> = []

  /** Forgets what was not durable, as far as chance has it, and switches on again. */
  losePower(chance: Chance): void {
    const names = new Map(this.#durable)
    // A journal keeps the order of names: what is changed first is durable first.
    const changes = this.#changes.slice(0, Math.floor(chance() * (this.#changes.length + 1)))
    for (const change of changes) change(names)
    for (const file of new Set([...names.values()])) file.losePower(chance)
    this.#files = new Map(names)
    this.#syncNames()
    this.callsLeft = Infinity
  }

  /** The files there are, to look at and to change. */
  contents(): Map<string, Buffer> {
    return new Map([...this.#files].map(([path, file]) => [path, file.bytes]))
  }

  put(path: string, bytes: Buffer): void {
    const file = new SimulatedFile()
    file.bytes = Buffer.from(bytes)
    file.sync()
    this.#files.set(path, file)
    this.#syncNames()
  }

  async makeFolder(): Promise<undefined> {
    this.#call()
  }

  async realPath(path: string): Promise<string> {
    return path
  }

  async list(path: string): Promise<FolderItem[]> {
    this.#call()
    return [...this.#files.keys()].map(name => ({ name: name.slice(path.length + 1), kind: 'file' }))
  }

  async openForReading(path: string): Promise<DiskFile> {
    this.#call()
    return this.#handle(this.#existing(path))
  }

  async openForWriting(path: string): Promise<DiskFile> {
    this.#call()
    return this.#handle(this.#existing(path))
  }

  async create(path: string): Promise<DiskFile> {
    this.#call()
    if (this.#files.has(path)) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' })
    const file = new SimulatedFile()
    this.#change(names => names.set(path, file))
    return this.#handle(file)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call()
    const file = this.#existing(from)
    this.#change(names => {
      names.set(to, file)
      names.delete(from)
    })
  }

  async remove(path: string): Promise<void> {
    this.#call()
    this.#existing(path)
    this.#change(names => names.delete(path))
  }

  async syncFolder(): Promise<void> {
    this.#call()
    if (!this.isLying) this.#syncNames()
  }

  async lock(): Promise<{ release(): Promise<void> }> {
    return { release: async () => {} }
  }

  #change(change: (names: Map<string, SimulatedFile>) => unknown): void {
    change(this.#files)
    this.#changes.push(change)
  }

  #syncNames(): void {
    this.#durable = new Map(this.#files)
    this.#changes = []
  }

  #existing(path: string): SimulatedFile {
    const file = this.#files.get(path)
    if (file === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return file
  }

  #call(): void {
    if (this.callsLeft-- <= 0) throw new PowerIsOff('The power is off.')
  }

  #handle(file: SimulatedFile): DiskFile {
    return {
      size: async () => file.bytes.length,
      read: async (into, offset, length, position) => {
        this.#call()
        return file.bytes.subarray(position, position + length).copy(into, offset)
      },
      write: async (buffers, position) => {
        if (this.callsLeft < 0) this.#call()
        const bytes = Buffer.concat(buffers)
        // The power may go in the middle of a write.
        const isLast = this.callsLeft === 0
        const written = isLast ? bytes.subarray(0, bytes.length >> 1) : bytes
        const longer = Buffer.alloc(Math.max(file.bytes.length, position + written.length))
        file.bytes.copy(longer)
        written.copy(longer, position)
        file.bytes = longer
        this.#call()
        return bytes.length
      },
      truncate: async length => {
        this.#call()
        const cut = Buffer.alloc(length)
        file.bytes.copy(cut)
        file.bytes = cut
      },
      sync: async () => {
        this.#call()
        if (!this.isLying) file.sync()
      },
      close: async () => {}
    }
  }
}
