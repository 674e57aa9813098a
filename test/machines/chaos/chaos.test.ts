import { temporaryFolder } from '../../support/temporary-folder.ts'
import { compiled } from '../../support/compiled.ts'
import { isLong, Machine } from '../support/machine.ts'
import { ChaosRun } from './chaos-run.ts'

const recordsEach = 50_000

describe('chaos', function () {
  this.timeout(isLong ? 7_200_000 : 180_000)
  const temporary = temporaryFolder()

  it('P04 chaos: conserves the records through toxics, outages of the storages and kills', async () => {
    const machine = new Machine('chaos', import.meta.url)
    const programs = {
      child: compiled(new URL('./child.ts', import.meta.url)),
      oracle: compiled(new URL('../../support/oracle-process.ts', import.meta.url))
    }
    const counts: Record<string, number> = {}
    await machine.each(machine.cases(100_000, 5_000_000) / recordsEach, async index => {
      const seed = machine.seedOf(index)
      const run = await ChaosRun.start(programs, temporary(`chaos-${seed}`), seed, recordsEach)
      await run.run()
      for (const [name, count] of Object.entries(run.counts)) counts[name] = (counts[name] ?? 0) + count
    })
    machine.tell(counts)
  })
})
