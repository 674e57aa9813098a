import { expect } from 'chai'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LoopLag } from '../../support/loop-lag.ts'
import { CommandFolder, ndjson, reportIn, type Result, type RunningCommand } from '../command.ts'

const drainTime = 4_000
const records = 24_000

/** The queues by default: as many wait for their first attempt as can, and as many for their next one. */
describe('spillway run with all queues full', function () {
  this.timeout(90_000)
  let folder: CommandFolder
  let server: Server
  let held: ServerResponse[]
  let got: Uint8Array
  let answers: () => number | undefined

  beforeEach(async () => {
    folder = await CommandFolder.make()
    held = []
    got = new Uint8Array(records)
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const status = answers()
        if (status === undefined) return held.push(response)
        if (status === 200) for (const { id } of [JSON.parse(body)].flat() as Array<{ id: number }>) got[id] = 1
        return response.writeHead(status).end()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await folder.write(
      'c.yaml',
      [
        `http: { url: "${url}", timeout: 600000, drainTimeout: ${drainTime} }`,
        'retry: { minDelay: 600000, maxDelay: 600000 }',
        'failover: { storage: file, path: ./failover }'
      ].join('\n')
    )
    await folder.write('events.ndjson', ndjson(records))
    let failures = 10_000
    answers = () => (failures-- > 0 ? 503 : undefined)
  })

  afterEach(async () => {
    await folder.remove()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  async function filled(...args: string[]): Promise<RunningCommand> {
    const command = folder.start(['run', 'c.yaml', '--quiet', ...args])
    if (args.includes('-')) command.process.stdin.write(ndjson(records))
    while (held.length < 64) await new Promise(resolve => setTimeout(resolve, 20))
    await new Promise(resolve => setTimeout(resolve, 1_000))
    return command
  }

  /** How it ended; the time is the drain time and half a second, and as much again for a computer that is busy. */
  async function stopped(command: RunningCommand): Promise<Result> {
    const lag = new LoopLag()
    const since = performance.now()
    command.process.kill('SIGTERM')
    const result = await command.result()
    expect(performance.now() - since - lag.end().worst).to.be.below(drainTime + 500 + 500)
    const { accepted, stored, abandoned, delivered, waiting, inFlight, retrying, storing } = reportIn(result)
    expect(accepted).to.be.above(20_000)
    const left = waiting! + inFlight! + retrying! + storing!
    expect([delivered, stored! + abandoned! + left]).to.deep.equal([0, accepted])
    // What a storage did not take in time is kept.
    expect(result.code, result.stderr).to.equal(stored === accepted ? 143 : 5)
    return result
  }

  it('P01 ends in time, and the next runs send each record', async () => {
    await stopped(await filled('--input', 'events.ndjson'))
    answers = () => 200
    for (const args of [
      ['run', 'c.yaml', '--input', 'events.ndjson', '--batch-size', '500'],
      ['replay', 'c.yaml', '--all']
    ]) {
      const result = await folder.run(args)
      expect(result.code, result.stderr).to.equal(0)
    }
    expect(got.indexOf(0)).to.equal(-1)
  })

  it('P01 ends in time when what it took from standard input is in the journal', async () => {
    await stopped(await filled('--input', '-'))
  })

  it('P01 ends in time without a journal, and loses nothing', async () => {
    const { accepted, ...report } = reportIn(await stopped(await filled('--input', '-', '--no-journal')))
    expect(report).to.include({ stored: accepted, abandoned: 0 })
  })
})
