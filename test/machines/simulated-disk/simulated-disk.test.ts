import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { entriesIn } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { FolderInMemory } from '../support/folder-in-memory.ts'
import { Life } from '../support/life.ts'
import { isLong, Machine } from '../support/machine.ts'
import { type Subject, subjects } from '../support/subject.ts'
import { deliveryOf, faultsGoingOn, Testimony } from '../support/testimony.ts'
import { type Choice, CrashStates } from './crash-states.ts'
import { type Event, type Files, RecordingDisk } from './recording-disk.ts'

const path = '/simulated'
const segmentBytes = 4096
const rounds = 3
const stepsOfARound = 10
// More than that are not tried of one moment.
const statesOfAMoment = 16
/** One of so many states is opened for writing too. */
const openedOneOf = 20

type Chance = () => number

const on = (disk: RecordingDisk, subject: Subject): Storage =>
  subject.over(FileStorage.on(disk, { path, segmentBytes }), 'power')

/** Ways to lose unsynced things: all, none, one, all but one, and any. */
function* choices(open: number, chance: Chance): Generator<Choice> {
  yield () => 0
  yield versions => versions - 1
  for (let i = 0; i < statesOfAMoment; i++) {
    const [usual, one] = [chance() < 0.5, Math.floor(chance() * open)]
    let asked = 0
    yield versions => ((asked++ === one) === usual ? 0 : versions - 1)
    yield versions => Math.floor(chance() * versions)
  }
}

/** Some of the states that a disk may be left in, all different. */
function* statesOf(states: CrashStates, chance: Chance): Generator<Map<string, Buffer>> {
  const seen = new Set<number>()
  const most = Math.min(statesOfAMoment, 2 ** states.open)
  for (const choose of choices(states.open, chance)) {
    if (seen.size >= most) return
    const left = states.left(choose)
    const hash = hashOf(left)
    if (seen.has(hash)) continue
    seen.add(hash)
    yield left
  }
}

// Most files of a state are those of the state before.
const sums = new WeakMap<Buffer, number>()

function sumOf(bytes: Buffer): number {
  const sum = sums.get(bytes) ?? crc32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  sums.set(bytes, sum)
  return sum
}

function hashOf(files: Files): number {
  let hash = 0
  for (const [path, bytes] of files) hash = crc32(`${path} ${bytes.length} ${sumOf(bytes)}`, hash)
  return hash
}

/** What is wrong with what somebody finds who only looks. */
async function faultsLooking(files: Files, testimony: Testimony): Promise<string[]> {
  const named = new Map([...files].map(([path, bytes]) => [path.slice(path.lastIndexOf('/') + 1), bytes]))
  const disk = new FolderInMemory(named)
  return testimony.faultsOf(await entriesIn(FileStorage.on(disk, { path: disk.path })), true)
}

/** And with what somebody finds who opens it to go on. */
async function faultsOpened(files: Files, testimony: Testimony, subject: Subject): Promise<string[]> {
  const disk = new RecordingDisk(files)
  const storage = on(disk, subject)
  const faults = testimony.faultsOf(await entriesIn(storage, { claim: true }), true)
  await storage.close()
  return [...faults, ...(await faultsGoingOn(() => on(disk, subject)))]
}

type Notice = ReturnType<typeof damageNotices>[number]

// A part of a segment may be torn; a whole one is never missed.
function missingSegments(notices: Notice[]): string[] {
  const reasons = notices.splice(0).map(({ reason }) => reason)
  return reasons.filter(reason => reason.includes('missing'))
}

interface Story {
  readonly subject: Subject
  states: number
  opened: number
  /** What was said of damages since this was looked at last. */
  readonly notices: Notice[]
  readonly faults: string[]
}

/** Up to where the process lived, and what comes after that. */
interface Past {
  /** What was on the disk when it had its power back. */
  readonly files: Files
  /** What was done since. */
  readonly events: readonly Event[]
  readonly lines: readonly string[]
}

/** Lives through some deaths, by kill -9 or by a loss of power, and judges what the power may leave, at every moment. */
async function storyOf(subject: Subject, seed: number, notices: Notice[], isLying = false): Promise<Story> {
  const chance = seededRandom(seed)
  const seen = new Set<number>()
  const story: Story = { subject, states: 0, opened: 0, notices, faults: [] }
  let past: Past = { files: new Map(), events: [], lines: [] }
  for (let round = 0; round < rounds && story.faults.length === 0; round++) {
    const disk = new RecordingDisk(past.files, past.events)
    const life = new Life(
      `s${round}`,
      subject,
      () => on(disk, subject),
      line => disk.say(line),
      chance
    )
    if (chance() < 0.4) disk.syncsBeforeFailure = 1 + Math.floor(chance() * 30)
    await life.run(stepsOfARound, subject.hasVersions ? unknownOf(past.lines) : []).catch(unlessStorageError)
    const events = [...disk.events]
    await judge(story, past, events, new CrashStates(past.files, isLying), seen, chance)
    past = pastOf(past, events, isLying, chance)
  }
  return story
}

// What cannot go on because its disk has failed ends, and is started again.
function unlessStorageError(error: unknown): void {
  if (!(error instanceof StorageError)) throw error
}

/** What was asked for when the process died: whoever starts it again asks again. */
function unknownOf(lines: readonly string[]): Delivery[] {
  const { asked, kept, removing } = new Testimony(lines)
  const unknown = [...asked].filter(([id, version]) => (kept.get(id) ?? 0) < version && !removing.has(id))
  return unknown.map(([id, version]) => deliveryOf(id, version))
}

/** The process dies at some moment of this life, and the power goes too, or not. */
function pastOf({ files, events, lines }: Past, all: readonly Event[], isLying: boolean, chance: Chance): Past {
  const end = events.length + Math.floor(chance() * (all.length - events.length))
  const lived = all.slice(0, end)
  const said = [...lines, ...lived.slice(events.length).flatMap(event => (event.what === 'say' ? [event.line] : []))]
  if (chance() < 0.5) return { files, events: lived, lines: said }
  const states = new CrashStates(files, isLying)
  for (const event of lived) states.take(event)
  return { files: states.left(versions => Math.floor(chance() * versions)), events: [], lines: said }
}

async function judge(
  story: Story,
  { lines, events: before }: Past,
  events: readonly Event[],
  states: CrashStates,
  seen: Set<number>,
  chance: Chance
): Promise<void> {
  const testimony = new Testimony(lines)
  for (const event of before) states.take(event)
  for (const [moment, event] of events.entries()) {
    if (moment < before.length) continue
    if (event.what === 'say') testimony.hear(event.line)
    if (!states.take(event) && !(event.what === 'say' && event.line.startsWith('kept'))) continue
    for (const left of statesOf(states, chance)) {
      const key = hashOf(left) * 64 + (event.what === 'say' ? 1 : 0)
      if (seen.has(key)) continue
      seen.add(key)
      await judgeState(story, left, testimony, moment)
      if (story.faults.length > 0) return
    }
  }
}

async function judgeState(story: Story, left: Files, testimony: Testimony, moment: number): Promise<void> {
  story.states++
  const isOpened = story.states % openedOneOf === 0
  if (isOpened) story.opened++
  const faults = await (isOpened ? faultsOpened(left, testimony, story.subject) : faultsLooking(left, testimony))
  faults.push(...missingSegments(story.notices))
  story.faults.push(...faults.map(fault => `${fault}, when the power goes at event ${moment}`))
}

describe('simulated disk', () => {
  const notices = damageNotices()

  for (const subject of subjects) {
    it(`T14 T24 T25 T26 simulated disk, ${subject.name}: keeps what was acknowledged, whatever the power takes`, async function () {
      this.timeout(isLong ? 3_600_000 : 60_000)
      const machine = new Machine(`simulated disk, ${subject.name}`, import.meta.url)
      let opened = 0
      const states = await machine.until(machine.cases(50_000, 1_000_000) / subjects.length, async index => {
        const story = await storyOf(subject, machine.seedOf(index), notices)
        if (story.faults.length > 0) throw new Error(story.faults.join('; '))
        opened += story.opened
        return story.states
      })
      machine.tell({ states, 'of them opened for writing': opened, lost: 0 })
    })
  }

  it('simulated disk that only says that it syncs loses much, so that this proves something', async () => {
    let lost = 0
    for (let seed = 0; seed < 10; seed++) lost += (await storyOf(subjects[0]!, seed, notices, true)).faults.length
    expect(lost).to.be.above(9)
  })
})
