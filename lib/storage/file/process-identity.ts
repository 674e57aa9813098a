import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Which process of which machine. A number alone is given to another process later. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in ticks since the machine did; `undefined` where the system does not tell. */
  readonly started?: string | undefined
  /** Which start of the machine. */
  readonly boot?: string | undefined
  /** Whose numbers these are: a container has its own. */
  readonly namespace?: string | undefined
  readonly host: string
}

let own: ProcessIdentity | undefined

export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    started: startOf(process.pid),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: quietly(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname()
  }
  return own
}

export function isThisProcess({ pid, started, boot, namespace, host }: ProcessIdentity): boolean {
  const own = ownIdentity()
  return (
    pid === own.pid && started === own.started && boot === own.boot && namespace === own.namespace && host === own.host
  )
}

/** Whether that process runs; `undefined` where it cannot be told from here: on another machine, in another container. */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  const { boot, namespace, host } = ownIdentity()
  if (other.boot !== boot) return other.host === host ? false : undefined
  if (boot === undefined && other.host !== host) return undefined
  if (other.namespace !== namespace) return undefined
  if (!isTaken(other.pid)) return false
  return other.started === undefined || startOf(other.pid) === other.started
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// The 22nd field; the second is the program's name, in brackets, and may hold brackets and spaces itself.
function startOf(pid: number): string | undefined {
  return quietly(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  })
}

function quietly(read: () => string | undefined): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
