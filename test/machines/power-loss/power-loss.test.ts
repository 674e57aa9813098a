import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Storage } from '../../../lib/storage/storage.ts'
import { entriesIn } from '../../support/deliveries.ts'
import { seededRandom } from '../../support/fault.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { paused, until } from '../../support/waiting.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { compiled } from '../../support/compiled.ts'
import { isLong, Machine } from '../support/machine.ts'
import { skipBecause } from '../support/skipping.ts'
import { smallStorage, type Subject, subjects } from '../support/subject.ts'
import { faultsGoingOn, Testimony } from '../support/testimony.ts'
import { LoopDisk } from './loop-disk.ts'

// How ext4 can be told to go about it: what is on the disk after a loss of power differs.
const mountings = ['defaults', 'data=writeback', 'nodelalloc', 'commit=1,data=writeback,nodelalloc']
const cyclesOfOneDisk = 5

for (const subject of subjects) {
  describe(`power loss, ${subject.name}`, () => {
    const temporary = temporaryFolder()
    damageNotices()
    let disk: LoopDisk
    let program: string

    before(async function () {
      this.timeout(60_000)
      const reason = await LoopDisk.whyNot(temporary('trial'))
      if (reason !== undefined) skipBecause(this, `power loss, ${subject.name}`, reason)
      disk = new LoopDisk(temporary('rig'))
      program = compiled(new URL('../support/worker.ts', import.meta.url))
    })

    afterEach(() => disk.remove())

    /** Uses a disk until its power is cut, so many times; returns what is wrong after the last time, and what was said. */
    async function cycles(count: number, seed: number, env: NodeJS.ProcessEnv = {}): Promise<[string[], Testimony]> {
      const chance = seededRandom(seed)
      const mounting = mountings[Math.floor(chance() * mountings.length)]!
      disk.format()
      const lines: string[] = []
      for (let cycle = 0; cycle < count; cycle++) {
        disk.mount(mounting)
        lines.push(...(await useUntilPowerIsCut(disk, program, subject, seed + cycle, chance, env)))
        disk.unmount()
        disk.mount()
        const testimony = new Testimony(lines)
        const faults = await faultsOn(disk, subject, testimony, cycle + 1 === count)
        disk.unmount()
        if (faults.length > 0) return [faults.map(fault => `${fault} (${mounting}, cycle ${cycle})`), testimony]
      }
      return [[], new Testimony(lines)]
    }

    it(`P06 T24 power loss, ${subject.name}: keeps what was acknowledged, whenever ext4 loses its power`, async function () {
      this.timeout(isLong ? 3_600_000 : 60_000)
      const machine = new Machine(`power loss, ${subject.name}`, import.meta.url)
      const disks = machine.cases(20, 1_000) / cyclesOfOneDisk / subjects.length
      let acknowledged = 0
      await machine.each(disks, async index => {
        const [faults, { kept }] = await cycles(cyclesOfOneDisk, machine.seedOf(index))
        if (faults.length > 0) throw new Error(faults.join('; '))
        expect(kept.size, 'so that it proves something').to.be.above(0)
        acknowledged += kept.size
      })
      machine.tell({ 'cuts of power': disks * cyclesOfOneDisk, 'deliveries acknowledged': acknowledged, lost: 0 })
    })

    if (subject !== subjects[0]) return

    it('power loss without fsync loses much, so that this rig proves something', async function () {
      this.timeout(60_000)
      let lost = 0
      for (const seed of [1, 2, 3]) {
        const [faults] = await cycles(1, seed, { NO_SYNC: '1' })
        lost += faults.filter(fault => fault.includes('is lost')).length
      }
      console.log(`      power loss, the control run: ${lost} deliveries lost without fsync`)
      expect(lost).to.be.above(5)
    })
  })
}

const on = (disk: LoopDisk, subject: Subject): Storage => subject.over(smallStorage(folderOn(disk)), 'power')
const folderOn = (disk: LoopDisk): string => join(disk.path, 'failover')

/** Cuts the power some time after a worker has begun. Returns what it said. */
async function useUntilPowerIsCut(
  disk: LoopDisk,
  program: string,
  subject: Subject,
  seed: number,
  chance: () => number,
  env: NodeJS.ProcessEnv
): Promise<string[]> {
  mkdirSync(folderOn(disk), { recursive: true })
  const args = [program, subject.name, 'power', folderOn(disk), String(seed), 'Infinity', '20']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const output = outputOf(child)
  const power = disk.switch()
  const end = once(child, 'close')
  await output.kept(env.NO_SYNC === undefined ? 1 + Math.floor(chance() * 25) : 25)
  await paused(chance() * 5)
  const before = output.text()
  await power.cutPower()
  await paused(chance() * 10)
  child.kill('SIGKILL')
  await end
  if (output.errors().includes('TypeError')) throw new Error(output.errors())
  return heard(before, output.text())
}

// A computer without power says nothing more. This one does: an fsync that is under way while ext4 shuts down may find that
// its transaction is not being committed any more, and take that for the end of it.
function heard(before: string, all: string): string[] {
  const wholeLines = before.split('\n').length - 1
  const lines = all.split('\n').slice(0, -1)
  return lines.filter((line, i) => i < wholeLines || !/^(kept|removed) /.test(line))
}

interface Output {
  /** Resolves once so many lines say that something is kept. */
  kept(lines: number): Promise<void>
  text(): string
  errors(): string
}

function outputOf(child: ChildProcess): Output {
  let text = ''
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const kept = async (lines: number): Promise<void> => {
    await until(() => text.split('kept ').length > lines || child.exitCode !== null, 'what is kept', 30_000)
    if (child.exitCode !== null) throw new Error(`The worker ended: ${errors}`)
  }
  return { kept, text: () => text, errors: () => errors }
}

async function faultsOn(disk: LoopDisk, subject: Subject, testimony: Testimony, isLast: boolean): Promise<string[]> {
  const looking = testimony.faultsOf(await entriesIn(smallStorage(folderOn(disk))), true)
  const storage = on(disk, subject)
  const claiming = testimony.faultsOf(await entriesIn(storage, { claim: true }), true)
  await storage.close()
  const goingOn = isLast ? await faultsGoingOn(() => on(disk, subject)) : []
  return [...looking, ...claiming, ...goingOn]
}
