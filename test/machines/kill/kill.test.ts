import { temporaryFolder } from '../../support/temporary-folder.ts'
import { compiled } from '../../support/compiled.ts'
import { compiledCommand } from '../../support/compiled-command.ts'
import { isLong, Machine } from '../support/machine.ts'
import { Campaign, type CampaignCounts } from './campaign.ts'
import { CommandCampaign, commandWays } from './command-campaign.ts'

/** Folders that are used, and whoever uses them killed, so many times. */
interface Killing {
  readonly counts: CampaignCounts
  run(cycles: number): Promise<void>
}

describe('kill -9 at random moments', function () {
  this.timeout(isLong ? 7_200_000 : 180_000)
  const temporary = temporaryFolder()
  let programs: Parameters<typeof CommandCampaign.start>[0]

  before(() => {
    programs = {
      child: compiled(new URL('./child.ts', import.meta.url)),
      oracle: compiled(new URL('../../support/oracle-process.ts', import.meta.url)),
      command: compiledCommand()
    }
  })

  async function kills(
    machine: Machine,
    cycles: number,
    cyclesEach: number,
    start: (folder: string, seed: number, index: number) => Promise<Killing>
  ): Promise<void> {
    const counts: Partial<CampaignCounts> = {}
    const one = async (index: number): Promise<void> => {
      const seed = machine.seedOf(index)
      const killing = await start(temporary(`${machine.name.replaceAll(' ', '-')}-${seed}`), seed, index)
      await killing.run(cyclesEach)
      for (const [name, count] of Object.entries(killing.counts) as Array<[keyof CampaignCounts, number]>) {
        counts[name] = (counts[name] ?? 0) + count
      }
    }
    await machine.each(cycles / cyclesEach, one, 2)
    machine.tell(counts)
  }

  it('P04 P07 kill -9 of replays: every record comes home, at most what was under way twice, by the same key', async () => {
    const machine = new Machine('kill -9 of replays', import.meta.url)
    await kills(machine, machine.cases(100, 4_000), 25, (folder, seed) =>
      Campaign.start(programs, folder, seed, 'replay')
    )
  })

  it('P04 kill -9 with a journal: every record comes home, at most what was under way twice, by the same key', async () => {
    const machine = new Machine('kill -9 with a journal', import.meta.url)
    await kills(machine, machine.cases(150, 5_000), 25, (folder, seed) =>
      Campaign.start(programs, folder, seed, 'journal')
    )
  })

  it('P04 P07 kill -9 of the command line: run of a file, of standard input, and replay lose nothing', async () => {
    const machine = new Machine('kill -9 of the command line', import.meta.url)
    await kills(machine, machine.cases(54, 1_080), 9, (folder, seed, index) =>
      CommandCampaign.start(programs, folder, seed, commandWays[index % commandWays.length]!)
    )
  })
})
