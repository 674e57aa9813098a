import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { entriesIn } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { compiled } from '../../support/compiled.ts'
import { isLong, Machine } from '../support/machine.ts'
import { skipBecause } from '../support/skipping.ts'
import { smallStorage, type Subject, subjects } from '../support/subject.ts'
import { deliveryOf, faultsGoingOn, Testimony } from '../support/testimony.ts'
import { callsIn, changingCalls, quickly, type SeenCall, type TracedEnd, traced, whyNotTracing } from './strace.ts'

/** The `nth` call of that name fails, or is the last thing that the process does. */
interface Point {
  readonly call: string
  readonly nth: number
  readonly fault: string
}

const errorsOf: Readonly<Record<string, readonly string[]>> = {
  openat: ['EMFILE', 'EIO'],
  write: ['EIO', 'ENOSPC'],
  pwrite64: ['EIO', 'ENOSPC'],
  pwritev: ['EIO', 'ENOSPC'],
  ftruncate: ['EIO'],
  fsync: ['EIO'],
  fdatasync: ['EIO', 'ENOSPC'],
  rename: ['EIO'],
  unlink: ['EIO']
}

const syncs: ReadonlySet<string> = new Set(['fsync', 'fdatasync'])
// What was only written before a failed sync is not made durable by another: the journal says so, and ends.
const notDurable = /^failed \w+: (What was only written to .* could not be made durable|The journal has failed)/

function pointsOf(calls: readonly SeenCall[]): Point[] {
  const counts = new Map<string, number>()
  return calls.flatMap(({ name: call }) => {
    const nth = (counts.get(call) ?? 0) + 1
    counts.set(call, nth)
    return ['KILL', ...errorsOf[call]!].map(fault => ({ call, nth, fault }))
  })
}

const workerSeed = 11

const on = (subject: Subject, folder: string): Storage => subject.over(smallStorage(folder), 'kill')

// The socket by which the lock is known to be alive is bound, and unlinked, by another thread, which counts for itself.
const isBell = (path: string): boolean => path.endsWith('.bell')

for (const subject of subjects) {
  describe(`every call, ${subject.name}`, () => {
    const temporary = temporaryFolder()
    damageNotices()
    let program: string
    let template: string
    let paths: string[]
    let points: Point[]

    before(async function () {
      this.timeout(60_000)
      const reason = whyNotTracing()
      if (reason !== undefined) skipBecause(this, `every call, ${subject.name}`, reason)
      program = compiled(new URL('../support/worker.ts', import.meta.url))
      template = await templateIn(temporary('template'))
      const folder = copyOf(template, temporary('clean'))
      const trace = temporary('trace')
      const calls = `trace=${changingCalls.join()}`
      const end = await run([quickly, '-y', '-s', '0', '-e', calls, '-o', trace], folder)
      if (end.code !== 0) throw new Error(`The worker ended with ${end.code}: ${end.errors}`)
      const seen = callsIn(trace, folder).filter(({ paths }) => !paths.some(isBell))
      paths = [...new Set(seen.flatMap(({ paths }) => paths))].map(path => path.slice(folder.length))
      points = pointsOf(seen)
    })

    function run(options: readonly string[], folder: string): Promise<TracedEnd> {
      return traced(options, program, [subject.name, 'kill', folder, String(workerSeed), '3', '12'], { NAMES: '1' })
    }

    async function faultsAt({ call, nth, fault }: Point, folder: string): Promise<string[]> {
      const isKill = fault === 'KILL'
      const action = isKill ? 'signal=KILL' : `error=${fault}`
      const within = paths.flatMap(path => ['-P', folder + path])
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${action}:when=${nth}`]
      const end = await run([...within, ...inject, ...(isKill ? [] : [quickly]), '-o', '/dev/null'], folder)
      const testimony = new Testimony(['kept old-1:1 old-3:1', 'asked old-1:1 old-3:1', ...end.lines])
      const mayEnd = subject.writesFirst && syncs.has(call)
      const faults = isKill ? killed(end) : ended(end, mayEnd)
      const comesBack = fault === 'ENOSPC'
      faults.push(...testimony.faultsOf(await entriesIn(smallStorage(folder)), comesBack))
      faults.push(...(await faultsOfReport(folder)))
      faults.push(...testimony.faultsOf(await opened(subject, folder), comesBack))
      faults.push(...(await faultsGoingOn(() => on(subject, folder))))
      return faults
    }

    it(`P05 T05 T25 T26 every call, ${subject.name}: keeps what was acknowledged whichever call is the last, or fails`, async function () {
      this.timeout(isLong ? 3_600_000 : 60_000)
      const machine = new Machine(`every call, ${subject.name}`, import.meta.url)
      const chosen = chosenFrom(points, machine)
      const done = new Map<string, number>()
      await machine.each(
        chosen.length,
        async index => {
          const point = chosen[index]!
          const folder = copyOf(template, temporary())
          const faults = await faultsAt(point, folder)
          rmSync(folder, { recursive: true })
          if (faults.length > 0) throw new Error(`${JSON.stringify(point)}: ${faults.join('; ')}`)
          const kind = point.fault === 'KILL' ? 'kills' : 'errors'
          done.set(kind, (done.get(kind) ?? 0) + 1)
        },
        2
      )
      machine.tell({ 'points in all': points.length, ...Object.fromEntries(done) })
    })
  })
}

/** All of them, or in the quick tier some, taken evenly from a start that the seed gives. */
function chosenFrom(points: readonly Point[], machine: Machine): Point[] {
  const count = Math.min(points.length, machine.cases(60 / subjects.length, Infinity))
  const step = points.length / count
  const start = machine.seed % points.length
  return Array.from({ length: count }, (_, i) => points[(start + Math.floor(i * step)) % points.length]!)
}

/** A folder with some entries, and a removal log that the next removal writes anew because it is long. */
async function templateIn(folder: string): Promise<string> {
  mkdirSync(folder, { mode: 0o700 })
  const storage = smallStorage(folder)
  await storage.append([0, 1, 2, 3].map(i => deliveryOf(`old-${i}`)))
  const [first, , third] = await entriesIn(storage, { claim: true })
  await storage.remove([first!, third!])
  await storage.close()
  const log = join(folder, 'removals.log')
  const text = readFileSync(log, 'utf8')
  const last = text.slice(text.lastIndexOf('\n', text.length - 2) + 1)
  appendFileSync(log, last.repeat(Math.ceil((1024 * 1024) / last.length)))
  return realpathSync(folder)
}

function copyOf(template: string, folder: string): string {
  cpSync(template, folder, { recursive: true })
  return realpathSync(folder)
}

function killed({ signal, lines, errors }: TracedEnd): string[] {
  if (signal === 'SIGKILL') return []
  return [`it was not killed: ${lines.at(-1)} ${errors}`]
}

function ended({ code, lines, errors }: TracedEnd, mayEnd: boolean): string[] {
  const last = lines.at(-1) ?? ''
  if (code === 0 && last === 'done') return []
  if (code === 1 && mayEnd && notDurable.test(last)) return []
  return [`the worker ended with ${code}: ${last} ${errors}`]
}

async function opened(subject: Subject, folder: string): ReturnType<typeof entriesIn> {
  const storage = on(subject, folder)
  const entries = await entriesIn(storage, { claim: true })
  await storage.close()
  return entries
}

async function faultsOfReport(path: string): Promise<string[]> {
  const { damaged, missing, foreign } = await new FileStorage({ path }).report()
  if (damaged + missing.length + foreign.length === 0) return []
  return [`report(): ${JSON.stringify({ damaged, missing, foreign })}, of ${readdirSync(path).join()}`]
}
