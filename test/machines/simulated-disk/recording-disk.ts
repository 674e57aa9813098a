import type { Disk, DiskFile, FolderItem } from '../../../lib/storage/file/disk.ts'

/** What was done to a disk, or said by whoever did it. Files are known by numbers, since names change. */
export type Event =
  | { readonly what: 'create'; readonly path: string; readonly file: number }
  | { readonly what: 'rename'; readonly from: string; readonly to: string }
  | { readonly what: 'remove'; readonly path: string }
  | { readonly what: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly what: 'truncate'; readonly file: number; readonly length: number }
  | { readonly what: 'sync'; readonly file: number }
  | { readonly what: 'failedSync'; readonly file: number }
  | { readonly what: 'syncFolder' }
  | { readonly what: 'say'; readonly line: string }

/** The files of a folder by their paths. */
export type Files = ReadonlyMap<string, Buffer>

interface File {
  readonly number: number
  bytes: Buffer
}

/** A disk in memory, with one folder, that writes down what is done to it. */
export class RecordingDisk implements Disk {
  readonly events: Event[]
  /** The sync of a file that fails, counted from 1. */
  syncsBeforeFailure = Infinity
  readonly #files = new Map<string, File>()
  readonly #byNumber: File[] = []

  /** With these files, after these events. */
  constructor(files: Files = new Map(), events: readonly Event[] = []) {
    for (const [path, bytes] of files) this.#files.set(path, this.#newFile(Buffer.from(bytes)))
    for (const event of events) this.#happen(event)
    this.events = [...events]
  }

  say(line: string): void {
    this.events.push({ what: 'say', line })
  }

  get files(): Files {
    return new Map([...this.#files].map(([path, { bytes }]) => [path, bytes]))
  }

  async makeFolder(): Promise<undefined> {}

  async realPath(path: string): Promise<string> {
    return path
  }

  async list(path: string): Promise<FolderItem[]> {
    return [...this.#files.keys()].map(name => ({ name: name.slice(path.length + 1), kind: 'file' }))
  }

  async openForReading(path: string): Promise<DiskFile> {
    return this.#handle(this.#existing(path))
  }

  async openForWriting(path: string): Promise<DiskFile> {
    return this.#handle(this.#existing(path))
  }

  async create(path: string): Promise<DiskFile> {
    if (this.#files.has(path)) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' })
    const number = this.#byNumber.length
    this.#note({ what: 'create', path, file: number })
    return this.#handle(this.#byNumber[number]!)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#existing(from)
    this.#note({ what: 'rename', from, to })
  }

  async remove(path: string): Promise<void> {
    this.#existing(path)
    this.#note({ what: 'remove', path })
  }

  async syncFolder(): Promise<void> {
    this.events.push({ what: 'syncFolder' })
  }

  async lock(): Promise<{ release(): Promise<void> }> {
    return { release: async () => {} }
  }

  #note(event: Event): void {
    this.#happen(event)
    this.events.push(event)
  }

  #happen(event: Event): void {
    if (event.what === 'create') this.#files.set(event.path, this.#newFile(Buffer.alloc(0)))
    else if (event.what === 'rename') {
      this.#files.set(event.to, this.#existing(event.from))
      this.#files.delete(event.from)
    } else if (event.what === 'remove') this.#files.delete(event.path)
    else if (event.what === 'write') {
      const file = this.#byNumber[event.file]!
      file.bytes = written(file.bytes, event.at, event.bytes)
    } else if (event.what === 'truncate') {
      const file = this.#byNumber[event.file]!
      file.bytes = cut(file.bytes, event.length)
    }
  }

  #newFile(bytes: Buffer): File {
    const file = { number: this.#byNumber.length, bytes }
    this.#byNumber.push(file)
    return file
  }

  #existing(path: string): File {
    const file = this.#files.get(path)
    if (file === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return file
  }

  #handle(file: File): DiskFile {
    return {
      size: async () => file.bytes.length,
      read: async (into, offset, length, position) =>
        file.bytes.subarray(position, position + length).copy(into, offset),
      write: async (buffers, at) => {
        const bytes = Buffer.concat(buffers)
        this.#note({ what: 'write', file: file.number, at, bytes })
        return bytes.length
      },
      truncate: async length => this.#note({ what: 'truncate', file: file.number, length }),
      sync: async () => {
        const isFailing = --this.syncsBeforeFailure === 0
        this.events.push({ what: isFailing ? 'failedSync' : 'sync', file: file.number })
        if (isFailing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      },
      close: async () => {}
    }
  }
}

/** The bytes of a file after a write. */
export function written(bytes: Buffer, at: number, more: Buffer): Buffer {
  const longer = cut(bytes, Math.max(bytes.length, at + more.length))
  more.copy(longer, at)
  return longer
}

/** The first so many bytes, with zeros where there are fewer. */
export function cut(bytes: Buffer, length: number): Buffer {
  const other = Buffer.alloc(length)
  bytes.copy(other)
  return other
}
