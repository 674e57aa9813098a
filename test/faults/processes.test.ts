import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import type { Stats } from '../../lib/account.ts'
import { FileStorage } from '../../lib/storage/file-storage.ts'
import { CommandFolder, ndjson, reportIn, type RunningCommand, until } from '../cli/command.ts'
import { compiled } from '../support/compiled.ts'
import { LoopLag } from '../support/loop-lag.ts'
import { WarmChild } from '../machines/support/warm-child.ts'
import { textsIn } from '../support/deliveries.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import type { ProcessTask } from './process-child.ts'

describe('processes', function () {
  this.timeout(60_000)
  const temporary = temporaryFolder()
  let server: Server
  let url: string
  let folder: CommandFolder
  let held: ServerResponse[]
  const got: number[] = []
  /** What was answered 200. */
  const taken = new Set<number>()
  /** What a request with such a record is answered; held when there is nothing. */
  let statusOf: (id: number) => number | undefined

  beforeEach(async () => {
    folder = await CommandFolder.make()
    held = []
    got.length = 0
    taken.clear()
    statusOf = () => 200
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const { id } = JSON.parse(body) as { id: number }
        got.push(id)
        const status = statusOf(id)
        if (status === 200) taken.add(id)
        if (status === undefined) held.push(response)
        else response.writeHead(status).end()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })

  afterEach(async () => {
    await folder.remove()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  const program = (): string => compiled(new URL('./process-child.ts', import.meta.url))
  const distinct = (): number[] => [...new Set(got)].sort((a, b) => a - b)
  const numbers = (count: number): number[] => [...Array(count).keys()]

  describe('the command line when it is told to stop', () => {
    const drainTime = 400

    async function configure(retry: object = {}): Promise<void> {
      // What waits is stored when it is told to stop: it is the storage that needs the time.
      const http = { url, numWriters: 8, queueCapacity: 500, timeout: 60_000 }
      const config = { http, retry, failover: { path: './failover' } }
      await folder.write('c.yaml', JSON.stringify(config))
    }

    const run = (input: string): RunningCommand =>
      folder.start(['run', 'c.yaml', '--quiet', '--input', input, '--drain-timeout', `${drainTime}ms`])

    interface Stop {
      readonly input?: string
      /** What there is until nothing is waited for. */
      readonly time?: number
      /** Some of the report, where the storage took all in time. */
      readonly report?: Record<string, number>
    }

    /** How it ended; the time is the drain time and half a second, and as much again for a computer that is busy. */
    async function stopped(
      command: RunningCommand,
      { input = '-', time = drainTime, report: expected = {} }: Stop = {}
    ): Promise<Record<string, number>> {
      const lag = new LoopLag()
      const since = performance.now()
      command.process.kill('SIGTERM')
      const result = await command.result()
      const took = performance.now() - since
      expect(took - lag.end().worst).to.be.below(drainTime + 500 + 500)
      const report = reportIn(result)
      expect(report).to.include({ signal: 'SIGTERM' })
      const { accepted, delivered, stored, abandoned, storing } = report
      expect(delivered! + stored! + abandoned! + storing!).to.equal(accepted)
      if (result.code === 143) {
        expect(result.stderr).to.equal('')
        expect(report).to.include({ ...expected, abandoned: 0, storing: 0 })
      } else {
        // The disk was too slow: it had its time, and what it did not take is kept.
        expect(result.code, result.stderr).to.equal(5)
        expect(result.stderr).to.include('The storage did not take what was left within the drain time.')
        expect(took).to.be.at.least(time + 300)
        await sentLater(input)
        expect([...taken]).to.include.members(numbers(accepted!))
      }
      return report
    }

    async function sentLater(input: string): Promise<void> {
      statusOf = () => 200
      for (const args of [
        ['run', 'c.yaml', '--input', input],
        ['replay', 'c.yaml', '--all']
      ])
        await folder.run(args)
    }

    it('P01 ends in time when it is idle', async () => {
      await configure()
      const command = run('-')
      command.process.stdin.write(ndjson(5))
      await until(() => got.length === 5)
      await stopped(command, { report: { delivered: 5, stored: 0 } })
    })

    it('P01 ends in time when it is busy', async () => {
      await configure()
      await folder.write('events.ndjson', ndjson(50_000))
      const command = run('events.ndjson')
      await until(() => got.length > 500)
      const { accepted } = await stopped(command, { input: 'events.ndjson' })
      expect(accepted).to.be.below(50_000)
    })

    it('P01 ends in time when the requests under way are never answered', async () => {
      await configure()
      statusOf = () => undefined
      const command = run('-')
      command.process.stdin.write(ndjson(20))
      await until(() => held.length === 8)
      await stopped(command, { report: { delivered: 0, ambiguous: 8, stored: 20 } })
    })

    it('P01 ends in time when it waits five minutes for the next attempt', async () => {
      await configure({ minDelay: 300_000, maxDelay: 300_000 })
      statusOf = () => 503
      const command = run('-')
      command.process.stdin.write(ndjson(5))
      await until(() => got.length === 5)
      await stopped(command, { report: { delivered: 0, stored: 5, attempts: 5 } })
    })

    it('P01 ends in time while it sends what an earlier run left, and keeps the rest of it', async () => {
      await configure()
      statusOf = () => undefined
      const killed = run('-')
      killed.process.stdin.write(ndjson(1_000))
      await until(() => held.length === 8)
      await folder.untilEntries('journal', entries => entries > 200)
      killed.process.kill('SIGKILL')
      await killed.result()
      held.length = 0
      const command = run('-')
      await until(() => held.length === 8)
      const { accepted } = await stopped(command)
      expect(accepted).to.be.above(7)

      await sentLater('-')
      const ids = distinct()
      expect(ids).to.deep.equal(numbers(ids.length))
      expect(ids.length).to.be.above(100)
    })

    it('P02 ends at once when it is told a second time', async () => {
      await configure()
      statusOf = () => undefined
      const command = folder.start(['run', 'c.yaml', '--quiet', '--input', '-', '--drain-timeout', '10m'])
      command.process.stdin.write(ndjson(20))
      await until(() => held.length === 8)
      command.process.kill('SIGTERM')
      // What waits is stored by the first signal; two that come together are one.
      await folder.untilEntries('failover', entries => entries > 0)
      await new Promise(resolve => setTimeout(resolve, 300))
      expect(command.process.exitCode).to.equal(null)
      await stopped(command, { time: 0, report: { ambiguous: 8, stored: 20 } })
    })
  })

  it('delivers all records although nobody reads standard output and error', async () => {
    await folder.write('c.yaml', JSON.stringify({ http: { url }, failover: { path: './failover' } }))
    await folder.write('events.ndjson', `${ndjson(200)}no record\n`)
    const command = folder.start(['run', 'c.yaml', '--input', 'events.ndjson'])
    command.process.stdout.destroy()
    command.process.stderr.destroy()
    const { code } = await command.result()
    expect(code).to.equal(4)
    expect(distinct()).to.deep.equal(numbers(200))
  })

  for (const happens of ['throws', 'rejects'] as const) {
    it(`P10 keeps in the journal what is not settled when code of the user ${happens} and nobody catches it`, async () => {
      const path = temporary()
      mkdirSync(path)
      statusOf = id => (id < 10 ? 200 : undefined)
      const task: ProcessTask = { happens, url, folder: path, records: 100 }
      const child = new WarmChild(program())
      await child.go(task)
      const { code, errors } = await child.end()
      expect(code).to.equal(1)
      expect(errors).to.include(happens === 'throws' ? 'SyntaxError' : 'of the user')
      expect(child.last('kept')).to.equal(100)
      statusOf = () => 200
      const next = new WarmChild(program())
      await next.go({ ...task, happens: 'nothing', records: 0 })
      expect(await next.end()).to.include({ code: 0, errors: '' })
      expect(distinct()).to.deep.equal(numbers(100))
    })
  }

  it('P12 counts no attempt as failed when the event loop is blocked for 5 s and the answers came meanwhile', async () => {
    const path = temporary()
    const child = new WarmChild(program())
    // All are sent before it is blocked, and answered while it is.
    statusOf = () => undefined
    await child.go({ happens: 'blocks', url, folder: path, records: 100 } satisfies ProcessTask)
    await until(() => held.length === 8)
    await child.go({})
    await child.until('blocked', 1)
    statusOf = () => 200
    for (const response of held.splice(0)) response.end()
    const { code, errors } = await child.end()
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
    const stats = JSON.parse(child.lines.find(line => line.startsWith('stats '))!.slice(6)) as Stats
    expect(stats).to.include({ accepted: 100, delivered: 100, attempts: 100, retries: 0, stored: 0 })
    expect(got).to.have.lengthOf(100)
  })

  it('P13 lets threads of one process work side by side, each in a folder of its own', async () => {
    statusOf = id => (id % 2 === 0 ? 200 : 503)
    const script = compiled(new URL('./process-thread.ts', import.meta.url))
    const paths = [0, 1, 2].map(thread => join(folder.path, `thread-${thread}`))
    const threads = paths.map(
      (path, thread) => new Worker(script, { workerData: { url, path, first: thread * 100, records: 100 } })
    )
    await Promise.all(threads.map(thread => once(thread, 'exit')))
    expect(distinct()).to.deep.equal(numbers(300))
    for (const [thread, path] of paths.entries()) {
      const texts = await textsIn(new FileStorage({ path }))
      const ids = texts.map(text => (JSON.parse(text) as { id: number }).id).sort((a, b) => a - b)
      expect(ids).to.deep.equal(numbers(50).map(i => thread * 100 + 2 * i + 1))
    }
  })
})
