import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { JournalAsStorage } from './journal-as-storage.ts'

/** What an acknowledgement has to survive. */
export type Survives = 'kill' | 'power'

/** What the machines take apart: something that keeps deliveries in a folder, with the policy that says when they are safe. */
export interface Subject {
  readonly name: string
  /** Whether a delivery may be stored once more, as a newer version. */
  readonly hasVersions: boolean
  /** Whether it acknowledges what is only written, and ends when that cannot be made durable. */
  readonly writesFirst: boolean
  /** The subject, not open yet, in the folder of a file storage. */
  over(storage: FileStorage, survives: Survives): Storage
}

const journal = (sync: 'always' | 'group' | 'interval'): Subject => ({
  name: `journal, ${sync}`,
  hasVersions: false,
  writesFirst: sync === 'interval',
  over: (storage, survives) => new JournalAsStorage(storage, sync, survives)
})

/** All that the machines run over. */
export const subjects: readonly Subject[] = [
  { name: 'file storage', hasVersions: true, writesFirst: false, over: storage => storage },
  journal('always'),
  journal('group'),
  journal('interval')
]

export function subjectNamed(name: string): Subject {
  const subject = subjects.find(one => one.name === name)
  if (subject === undefined) throw new Error(`no subject "${name}"`)
  return subject
}

/** A file storage whose segments are small, so that they are rotated and deleted. */
export const smallStorage = (path: string): FileStorage => new FileStorage({ path, segmentBytes: 4096 })
