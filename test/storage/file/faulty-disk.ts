import { type Disk, type DiskFile, nodeDisk } from '../../../lib/storage/file/disk.ts'

export type DiskCall = keyof Disk | keyof DiskFile

/**
 * Is asked before each call. What it throws is what the call says. A number, for `write`, is how many bytes it takes at most.
 */
export type Fault = (call: DiskCall, path: string) => Promise<number | void> | number | void

/** The machine's disk, where calls can fail. */
export class FaultyDisk implements Disk {
  readonly calls: Array<{ call: DiskCall; path: string }> = []
  fault: Fault

  constructor(fault: Fault = () => {}) {
    this.fault = fault
  }

  count(call: DiskCall, inPath = ''): number {
    return this.calls.filter(made => made.call === call && made.path.includes(inPath)).length
  }

  makeFolder = this.#asked('makeFolder')
  realPath = this.#asked('realPath')
  list = this.#asked('list')
  rename = this.#asked('rename')
  remove = this.#asked('remove')
  syncFolder = this.#asked('syncFolder')
  lock = this.#asked('lock')
  openForReading = this.#opening('openForReading')
  openForWriting = this.#opening('openForWriting')
  create = this.#opening('create')

  async #ask(call: DiskCall, path: string): Promise<number | void> {
    this.calls.push({ call, path })
    return this.fault(call, path)
  }

  #asked<Call extends 'makeFolder' | 'realPath' | 'list' | 'rename' | 'remove' | 'syncFolder' | 'lock'>(
    call: Call
  ): Disk[Call] {
    return (async (...paths: [string, string]) => {
      await this.#ask(call, paths[0])
      return nodeDisk[call](...paths)
    }) as Disk[Call]
  }

  #opening(call: 'openForReading' | 'openForWriting' | 'create'): (path: string) => Promise<DiskFile> {
    return async path => {
      await this.#ask(call, path)
      return this.#file(await nodeDisk[call](path), path)
    }
  }

  #file(file: DiskFile, path: string): DiskFile {
    const asked =
      <Args extends unknown[], T>(call: keyof DiskFile, go: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        await this.#ask(call, path)
        return go(...args)
      }
    return {
      size: asked('size', file.size),
      read: asked('read', file.read),
      truncate: asked('truncate', file.truncate),
      sync: asked('sync', file.sync),
      close: file.close,
      write: async (buffers, position) => {
        const most = await this.#ask('write', path)
        return file.write(most === undefined ? buffers : [Buffer.concat(buffers).subarray(0, most)], position)
      }
    }
  }
}

/** What the system says. */
export const systemError = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code })

/** Fails the calls of this name on paths that have `inPath` in them: all, or the first `times`. */
export function failing(call: DiskCall, code: string, { times = Infinity, inPath = '' } = {}): Fault {
  let left = times
  return (made, path) => {
    if (made === call && path.includes(inPath) && left-- > 0) throw systemError(code)
  }
}
