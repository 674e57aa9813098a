import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { seededRandom } from '../../support/fault.ts'
import { expectLaw } from '../../support/law.ts'
import { type Oracle, startOracle } from '../../support/oracle.ts'
import { Proxy } from '../../support/proxy.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { poison } from '../chaos/toxics.ts'
import { compiled } from '../../support/compiled.ts'
import { isLong, Machine } from '../support/machine.ts'
import { WarmChild } from '../support/warm-child.ts'
import { inputBytes, LimitedCommand, mebibyte } from './limited-command.ts'
import { MemoryLimit } from './memory-limit.ts'
import type { Census, MemoryTask } from './memory-task.ts'

const limitBytes = 256 * mebibyte

describe('memory', function () {
  this.timeout(isLong ? 3_600_000 : 120_000)
  const temporary = temporaryFolder()
  let oracle: Oracle
  let program: string

  before(async () => {
    program = compiled(new URL('./child.ts', import.meta.url))
    const oracleProgram = compiled(new URL('../../support/oracle-process.ts', import.meta.url))
    oracle = await startOracle({}, undefined, [oracleProgram])
  })

  after(() => oracle.close())

  it('P08 memory, 1 GB against an endpoint that stalls: the source is held back, nothing is killed', async () => {
    const machine = new Machine('memory, 1 GB against an endpoint that stalls', import.meta.url)
    const endpoint = await stalledEndpoint()
    const limit = MemoryLimit.of(limitBytes)
    console.log(`      limited to 256 MiB by: ${limit?.kind ?? 'nobody, so what it has is watched'}`)
    const command = new LimitedCommand(limit, temporary('stalled'), (endpoint.address() as AddressInfo).port)
    try {
      await command.standsStill(isLong ? 30_000 : 3_000)
      const halfway = command.given
      expect(halfway, 'bytes taken of the input').to.be.within(20 * mebibyte, inputBytes / 2)
      const peak = command.peak()
      command.process.kill('SIGTERM')
      const { code, signal, stats } = await command.end()
      expect({ signal, kills: limit?.kills ?? 0 }).to.deep.equal({ signal: null, kills: 0 })
      const { signal: _signal, ...numbers } = stats
      expectLaw(numbers)
      expect(stats.delivered).to.equal(0)
      // What the storage does not take in time stays in the journal, and that is no success.
      expect(code).to.equal(stats.stored === stats.accepted ? 143 : 5)
      const stored = await entriesOf(join(command.folder, 'failover'))
      const kept = await entriesOf(join(command.folder, 'journal'))
      expect(stored + kept, 'stored or kept').to.be.at.least(stats.accepted)
      expect(peak).to.be.below(limitBytes)
      machine.tell({
        'MB of the input taken': Math.round(halfway / 1e6),
        'MiB at most': Math.round(peak / mebibyte),
        stored,
        kept
      })
    } finally {
      command.process.kill('SIGKILL')
      await command.ended
      limit?.remove()
      endpoint.close()
    }
  })

  it('P08 memory, many retries: the heap is back, no listener, timer or socket is left', async () => {
    const machine = new Machine('memory, many retries', import.meta.url)
    const retries = machine.cases(100_000, 1_000_000)
    const failing = 0.9
    const ways = [
      { share: 0.85, attempts: 10, failRate: 0 },
      { share: 0.15, attempts: 0, failRate: failing }
    ]
    let made = 0
    let worst = 0
    for (const { share, attempts, failRate } of ways) {
      await oracle.plan({ failRate })
      const records = Math.ceil((retries * share) / 9 / 5)
      const all = await rounds({ url: oracle.url, records, attempts, rounds: 6, atMost: Infinity })
      const [first, last] = [all[1]!, all.at(-1)!]
      expectSame(first, last)
      worst = Math.max(worst, last.heap / first.heap)
      made += last.retries
    }
    machine.tell({ retries: made, 'per mille of the heap at the end': Math.round(worst * 1000) })
  })

  if (isLong) {
    it('P08 memory, half an hour: the heap does not grow', async () => {
      const machine = new Machine('memory, half an hour', import.meta.url)
      const random = seededRandom(machine.seed)
      await oracle.plan({ failRate: 0.3, cutRate: 0.01 })
      const proxy = await new Proxy(oracle.port).listen()
      const worse = setInterval(() => poison(proxy, random), 400)
      const url = `${proxy.origin}/sink`
      const all = await rounds({ url, records: 5_000, attempts: 0, rounds: Infinity, atMost: 30 * 60_000 })
      clearInterval(worse)
      await proxy.close()
      const least = (part: readonly Census[]): number => Math.min(...part.map(({ heap }) => heap))
      const quarter = Math.ceil(all.length / 4)
      const growth = least(all.slice(-quarter)) / least(all.slice(quarter, 2 * quarter))
      expect(growth).to.be.at.most(1.05)
      machine.tell({
        rounds: all.length,
        retries: all.at(-1)!.retries,
        'per mille of the heap at the end': Math.round(growth * 1000)
      })
    })
  }

  async function rounds(task: Omit<MemoryTask, 'folder'>): Promise<Census[]> {
    const child = new WarmChild(program)
    const folder = temporary()
    mkdirSync(folder)
    // JSON has no Infinity.
    await child.go({ ...task, folder, rounds: Math.min(task.rounds, 1e9), atMost: Math.min(task.atMost, 1e9) })
    const { code, errors } = await child.end(isLong ? 2_400_000 : 100_000)
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
    return child.lines.filter(line => line.startsWith('census ')).map(line => JSON.parse(line.slice(7)) as Census)
  }
})

function expectSame(first: Census, last: Census): void {
  const { TCPSocketWrap: sockets = 0, ...others } = last.resources
  const { TCPSocketWrap: _sockets, ...othersBefore } = first.resources
  expect(others, 'what keeps the process alive').to.deep.equal(othersBefore)
  expect(sockets, 'sockets').to.be.at.most(32)
  expect(last.most.TCPSocketWrap ?? 0, 'the most sockets').to.be.at.most(40)
  expect(last.most.Timeout ?? 0, 'the most timers').to.be.at.most((first.most.Timeout ?? 0) + 4)
  expect(last.listeners, 'listeners').to.equal(first.listeners)
  expect(last.heap / first.heap, `heap ${first.heap} → ${last.heap}`).to.be.within(0, 1.05)
}

const entriesOf = async (path: string): Promise<number> => (await new FileStorage({ path }).report()).entries

/** Takes connections, and nothing that comes by them. */
async function stalledEndpoint(): Promise<Server> {
  const server = createServer(socket => void socket.on('error', () => {}).pause()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
