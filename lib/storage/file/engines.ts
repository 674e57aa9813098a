import type { Disk } from './disk.ts'
import { Engine } from './engine.ts'

interface Shared {
  readonly opening: Promise<Engine>
  users: number
  closing: Promise<void> | undefined
}

const byDisk = new WeakMap<Disk, Map<string, Shared>>()

/** The engine of a folder of this process, if it has one that is open. */
export async function openEngine(disk: Disk, path: string): Promise<Engine | undefined> {
  const shared = byDisk.get(disk)?.get(path)
  return shared?.closing === undefined ? shared?.opening.catch(() => undefined) : undefined
}

/** The one engine of a folder of this process, which is made when there is none. `giveBack` it as often. */
export async function takeEngine(disk: Disk, path: string, segmentBytes: number): Promise<Engine> {
  const engines = byDisk.get(disk) ?? new Map<string, Shared>()
  byDisk.set(disk, engines)
  for (let before = engines.get(path); before?.closing !== undefined; before = engines.get(path)) {
    await before.closing.catch(() => undefined)
  }
  const shared = engines.get(path) ?? { opening: Engine.open(disk, path, segmentBytes), users: 0, closing: undefined }
  engines.set(path, shared)
  shared.users++
  try {
    return await shared.opening
  } catch (error) {
    if (engines.get(path) === shared) engines.delete(path)
    throw error
  }
}

/** The last one closes it. */
export async function giveBackEngine(disk: Disk, path: string): Promise<void> {
  const engines = byDisk.get(disk)!
  const shared = engines.get(path)!
  if (--shared.users > 0) return
  shared.closing = shared.opening.then(engine => engine.close()).finally(() => engines.delete(path))
  await shared.closing
}
