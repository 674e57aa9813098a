import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { StorageError } from '../../errors.ts'
import { Doorbell } from './doorbell.ts'
import { isFull } from './failure.ts'
import { isRunning, isThisProcess, ownIdentity, type ProcessIdentity } from './process-identity.ts'

export const lockPrefix = '.lock-'

interface Owner extends ProcessIdentity {
  /** Whether it has hung up a bell. */
  readonly bell?: boolean
}

interface Lock {
  readonly owner: Owner
  /** Whether it looked at all others and saw none. */
  readonly isHeld: boolean
}

// Two that come at the same instant both step back; so often, some tens of milliseconds apart.
const rounds = 20

/**
 * The right to write to a folder, for one process. Every process puts up a file of its own and then looks for those of
 * others: of two, the later sees the earlier one, and steps back. A file's name is never used again, so that the file of a
 * dead process can be deleted at any time, by anybody, without a race.
 */
export class LockFile {
  readonly #path: string
  readonly #doorbell: Doorbell | undefined

  private constructor(path: string, doorbell: Doorbell | undefined) {
    this.#path = path
    this.#doorbell = doorbell
  }

  /** Rejects with `SPW_ERR_STORAGE_LOCKED`, not retryable, when another process has the folder. Its message names it. */
  static async take(folder: string): Promise<LockFile> {
    for (let round = 1; ; round++) {
      const name = lockPrefix + randomBytes(8).toString('hex')
      const lock = await LockFile.#putUp(folder, name)
      const other = await lock.#held(folder, name).catch(async (cause: unknown) => {
        await lock.release().catch(() => undefined)
        throw cause
      })
      if (other === undefined) return lock
      await lock.release()
      if (other.lock.isHeld || round === rounds) throw locked(folder, other)
      await pause(5 + Math.random() * 30)
    }
  }

  static async #putUp(folder: string, name: string): Promise<LockFile> {
    const doorbell = await Doorbell.hang(folder, bellOf(name))
    const lock = new LockFile(join(folder, name), doorbell)
    try {
      await publish(lock.#path, { ...ownIdentity(), bell: doorbell !== undefined })
    } catch (cause) {
      await rm(`${lock.#path}.new`, { force: true }).catch(() => undefined)
      await lock.release().catch(() => undefined)
      throw cause
    }
    return lock
  }

  /** Marks it as held, unless there is another one, which is what this resolves with. */
  async #held(folder: string, name: string): Promise<Other | undefined> {
    const other = await otherOwner(folder, name)
    if (other === undefined) await appendFile(this.#path, heldMark).catch(unlessFull)
    return other
  }

  /** Whatever fails: without its bell the file counts as left behind, for this process at least. */
  async release(): Promise<void> {
    try {
      await rm(this.#path, { force: true })
    } finally {
      await this.#doorbell?.takeDown()
      await rm(bellOf(this.#path), { force: true })
    }
  }
}

const bellOf = (name: string): string => `${name}.bell`

// The last line of the file of one that has the lock. Added in place: a file that is renamed can be missed in a list.
const heldMark = 'held\n'

// Under another name first, so that nobody reads half of it.
async function publish(path: string, owner: Owner): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(owner)}\n`, { mode: 0o600, flag: 'wx' }).catch(unlessFull)
  await rename(`${path}.new`, path)
}

// On a full disk there is room for an empty file still, and whoever removes entries makes room.
function unlessFull(cause: unknown): void {
  if (!isFull(cause)) throw cause as Error
}

interface Other {
  readonly path: string
  readonly lock: Lock
}

/** One that lives, if any; the locks of the dead are deleted. */
async function otherOwner(folder: string, own: string): Promise<Other | undefined> {
  const names = (await readdir(folder)).filter(name => /^\.lock-[0-9a-f]+$/.test(name) && name !== own)
  let found: Other | undefined
  for (const name of names) {
    const path = join(folder, name)
    const lock = await readLock(path)
    if (lock === undefined) continue
    if (await isDead(folder, name, lock)) await takeAway(path)
    // It may have been given back meanwhile.
    else if ((await readLock(path)) !== undefined && !found?.lock.isHeld) found = { path, lock }
  }
  return found
}

/** `undefined` when it is gone by now. */
async function readLock(path: string): Promise<Lock | undefined> {
  try {
    return parseLock(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const ofUnknown: Lock = { owner: { pid: 0, host: 'an unknown host' }, isHeld: true }

function ownerIn(json: string): Owner | undefined {
  try {
    const owner = JSON.parse(json) as Owner | null
    return Number.isInteger(owner?.pid) && typeof owner?.host === 'string' ? owner : undefined
  } catch {
    return undefined
  }
}

/** What the file of a lock says. */
export function parseLock(text: string): Lock {
  const [first, mark] = text.split('\n')
  const owner = ownerIn(first!)
  return owner === undefined ? ofUnknown : { owner, isHeld: mark !== '' }
}

async function isDead(folder: string, name: string, { owner }: Lock): Promise<boolean> {
  const answer = await Doorbell.ring(folder, bellOf(name))
  if (answer === 'silence') return true
  if (answer === 'voice') return false
  // A thread of this process that is gone took its bell with it.
  if (answer === 'no bell' && owner.bell === true && isThisProcess(owner)) return true
  return isRunning(owner) === false
}

async function takeAway(path: string): Promise<void> {
  for (const name of [path, bellOf(path), `${path}.new`]) await rm(name, { force: true })
}

function locked(folder: string, { path, lock }: Other): StorageError {
  const { pid, host } = lock.owner
  const message = `Process ${pid} on ${host} has the storage ${folder}. If it is gone for good, delete ${path}.`
  return new StorageError('SPW_ERR_STORAGE_LOCKED', message, { retryable: false })
}
