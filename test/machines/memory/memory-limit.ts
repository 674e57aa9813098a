import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A group of processes that may have so much memory, and are killed when they take more. */
export class MemoryLimit {
  /** What enforces it, for whoever reads the results. */
  readonly kind: 'cgroup v1' | 'cgroup v2'
  readonly #folder: string

  private constructor(kind: MemoryLimit['kind'], folder: string) {
    this.kind = kind
    this.#folder = folder
  }

  /** `undefined` where this process may not make one. */
  static of(bytes: number): MemoryLimit | undefined {
    return (
      MemoryLimit.#made('cgroup v1', folderV1(), 'memory.limit_in_bytes', bytes) ??
      MemoryLimit.#made('cgroup v2', folderV2(), 'memory.max', bytes)
    )
  }

  static #made(kind: MemoryLimit['kind'], parent: string, file: string, bytes: number): MemoryLimit | undefined {
    const folder = join(parent, `spillway-${process.pid}-${Date.now()}`)
    try {
      mkdirSync(folder)
    } catch {
      return undefined
    }
    try {
      if (!existsSync(join(folder, file))) throw new Error('no such controller')
      writeFileSync(join(folder, file), String(bytes))
      return new MemoryLimit(kind, folder)
    } catch {
      rmdirSync(folder)
      return undefined
    }
  }

  /** The command, run within the limit from its first byte on. */
  around(command: readonly string[]): string[] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(this.#folder, 'cgroup.procs'), ...command]
  }

  /** How often the system killed somebody in it. */
  get kills(): number {
    const file = this.kind === 'cgroup v1' ? 'memory.oom_control' : 'memory.events'
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(this.#folder, file), 'utf8'))?.[1] ?? 0)
  }

  /** Once its processes have ended. */
  remove(): void {
    rmdirSync(this.#folder)
  }
}

const ownGroups = (): string => (existsSync('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : '')

function folderV1(): string {
  const own = /^\d+:(?:\S+,)?memory(?:,\S+)?:(.*)$/m.exec(ownGroups())?.[1] ?? '/'
  const folder = join('/sys/fs/cgroup/memory', own)
  return existsSync(folder) ? folder : '/sys/fs/cgroup/memory'
}

const folderV2 = (): string => join('/sys/fs/cgroup', /^0::(.*)$/m.exec(ownGroups())?.[1] ?? '/')
