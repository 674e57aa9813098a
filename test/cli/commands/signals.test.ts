import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Delivery } from '../../../lib/delivery.ts'
import { DeliveryError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { CommandFolder, ndjson, reportIn, type RunningCommand, until } from '../command.ts'

describe('spillway run and signals', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let server: Server
  let held: ServerResponse[]
  let url: string

  beforeEach(async () => {
    folder = await CommandFolder.make()
    held = []
    server = createServer((request, response) => {
      request.resume().on('end', () => held.push(response))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await folder.write(
      'c.yaml',
      `http: { url: "${url}", numWriters: 8, queueCapacity: 100 }\nfailover: { path: ./failover }\n`
    )
    await folder.write('events.ndjson', ndjson(5_000))
  })

  afterEach(async () => {
    await folder.remove()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  const run = (...flags: string[]) => folder.start(['run', 'c.yaml', '--input', 'events.ndjson', ...flags])

  /** Ends it by a SIGTERM, while nothing is answered: all is stored within so many milliseconds and some. */
  async function stopped(command: RunningCommand, time: number): Promise<void> {
    const since = performance.now()
    command.process.kill('SIGTERM')
    const result = await command.result()
    const { accepted, delivered, stored, abandoned, storing, ambiguous, signal } = reportIn(result)
    expect({ delivered, signal }).to.deep.equal({ delivered: 0, signal: 'SIGTERM' })
    expect(stored! + abandoned! + storing!).to.equal(accepted)
    if (result.code === 143) return void expect([ambiguous, stored]).to.deep.equal([8, accepted])
    // The disk was too slow: it had its time, and what it did not take is kept.
    expect(result.code, result.stderr).to.equal(5)
    expect(result.stderr).to.include('The storage did not take what was left within the drain time.')
    expect(performance.now() - since).to.be.at.least(time + 300)
    server.removeAllListeners('request')
    const taken = new Set<string>()
    server.on('request', (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => (taken.add(body), response.end()))
    })
    expect((await run().result()).code).to.equal(0)
    await folder.run(['replay', 'c.yaml', '--all'])
    expect(taken.size).to.equal(5_000)
  }

  const signals = [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129]
  ] as const
  for (const [signal, code] of signals) {
    it(`P01 finishes what is under way and stores the rest after ${signal}`, async () => {
      const command = run()
      await until(() => held.length === 8)
      command.process.kill(signal)
      await folder.untilEntries('failover', entries => entries > 0)
      for (const response of held) response.end()
      const result = await command.result()
      expect(result).to.deep.include({ code, stderr: '' })
      const { accepted, delivered, stored, attempts, ...report } = reportIn(result)
      expect(report).to.deep.include({ signal, ambiguous: 0, abandoned: 0, exitCode: code })
      expect([delivered, attempts]).to.deep.equal([8, 8])
      expect(stored).to.equal(accepted! - 8)
      expect(accepted).to.be.below(5_000)
      expect(held).to.have.lengthOf(8)
    })
  }

  it('P01 stores as ambiguous what is not finished within --drain-timeout', async () => {
    const command = run('--drain-timeout', '100ms')
    await until(() => held.length === 8)
    await stopped(command, 100)
  })

  it('P02 stores the rest at once after a second signal', async () => {
    const command = run('--drain-timeout', '10m', '--timeout', '10m')
    await until(() => held.length === 8)
    command.process.kill('SIGTERM')
    // What waits is stored by the first one; two that come together are one.
    await folder.untilEntries('failover', entries => entries > 0)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(command.process.exitCode).to.equal(null)
    await stopped(command, 0)
  })

  it('P01 ends while it waits for standard input', async () => {
    const command = folder.start(['run', 'c.yaml', '--input', '-'])
    command.process.stdin.write(ndjson(2))
    await until(() => held.length === 2)
    for (const response of held) response.end()
    command.process.kill('SIGTERM')
    const result = await command.result()
    expect(result.code).to.equal(143)
    const { delivered, stored } = reportIn(result)
    expect(delivered! + stored!).to.equal(2)
  })

  for (const isWritten of [false, true]) {
    it(`P01 ends while it waits for a pipe with a name ${isWritten ? 'that gives no more' : 'that nobody writes to'}`, async () => {
      const pipe = join(folder.path, 'pipe')
      expect(spawnSync('mkfifo', [pipe]).status).to.equal(0)
      const command = folder.start(['run', 'c.yaml', '--input', pipe, '--drain-timeout', '2s'])
      // Opened for both, so that it waits for nobody.
      const writer = isWritten ? await open(pipe, 'r+') : undefined
      await writer?.write(ndjson(2))
      if (isWritten) await until(() => held.length === 2)
      else await command.handlesSignals()
      await new Promise(resolve => setTimeout(resolve, 300))
      for (const response of held) response.end()
      command.process.kill('SIGTERM')
      const result = await command.result()
      await writer?.close()
      expect(result).to.deep.include({ code: 143, stderr: '' })
      const { accepted, delivered, stored } = reportIn(result)
      expect([accepted, delivered! + stored!]).to.deep.equal(isWritten ? [2, 2] : [0, 0])
    })
  }

  it('P01 ends while retries wait for minutes', async () => {
    await folder.write(
      'c.yaml',
      `http: { url: "${url}" }\nretry: { minDelay: 600000, maxDelay: 600000 }\nfailover: { path: ./failover }\n`
    )
    const command = folder.start(['run', 'c.yaml', '--input', '-'])
    command.process.stdin.end(ndjson(3))
    await until(() => held.length === 3)
    for (const response of held) response.writeHead(503).end()
    await new Promise(resolve => setTimeout(resolve, 200))
    command.process.kill('SIGINT')
    const result = await command.result()
    expect(result.code).to.equal(130)
    expect(reportIn(result)).to.deep.include({ stored: 3, attempts: 3 })
  })

  it('P01 ends a replay: what was not sent is still stored, once', async () => {
    const storage = new FileStorage({ path: join(folder.path, 'failover') })
    const error = new DeliveryError('SPW_ERR_STATUS', 'answered 503', {
      phase: 'answered',
      retryable: true,
      status: 503
    })
    await storage.append(Array.from({ length: 500 }, (_, id) => new Delivery([`{"id":${id}}`], { url, error })))
    await storage.close()

    const command = folder.start(['replay', 'c.yaml', '--all'])
    await until(() => held.length === 8)
    command.process.kill('SIGTERM')
    // What was not sent is stored as it was, and the old entry removed.
    await until(() => existsSync(join(folder.path, 'failover/removals.log')))
    for (const response of held) response.end()
    const result = await command.result()
    expect(result).to.deep.include({ code: 143, stderr: '' })
    expect(reportIn(result)).to.deep.include({ delivered: 8, abandoned: 0, signal: 'SIGTERM' })

    const left = new FileStorage({ path: join(folder.path, 'failover') })
    const records: string[] = []
    for await (const { envelope } of left.read()) records.push(...(envelope.records as string[]))
    await left.close()
    expect(records).to.have.lengthOf(492)
    expect(new Set(records).size).to.equal(492)
  })
})
