import { expect } from 'chai'
import { join } from 'node:path'
import { TestEndpoint } from '../../../lib/cli/test-endpoint.ts'
import { Delivery } from '../../../lib/delivery.ts'
import { DeliveryError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { FakeWebHdfs, type Step } from '../../support/fake-web-hdfs.ts'
import { CommandFolder, ndjson, reportIn, type Result, type RunningCommand, until } from '../command.ts'

const records = 3_000

// Replays write their claims, too.
const isAppend = ({ op, path }: Step): boolean => op === 'CREATE data' && path.includes('/writing/')

/** What a user is told of records whose storage has not said what became of them when there is no more time. */
describe('spillway with a storage that does not answer', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let endpoint: TestEndpoint
  let hdfs: FakeWebHdfs
  let hangs: boolean
  let config: (fallback: string) => string

  beforeEach(async () => {
    folder = await CommandFolder.make()
    endpoint = new TestEndpoint({ port: 0, latency: 0, fail: 1, status: 503 })
    hdfs = await new FakeWebHdfs().listen()
    hangs = true
    hdfs.harm = step => (hangs && isAppend(step) ? new Promise(() => {}) : undefined)
    const url = await endpoint.start()
    const first = `storage: hdfs, namenode: "http://${hdfs.address}", path: /data`
    config = fallback =>
      `http: { url: "${url}", drainTimeout: 300 }\nretry: { retries: 0 }\nfailover: { ${first}, ${fallback} }\n`
    await folder.write('c.yaml', config('fallback: false'))
    await folder.write('events.ndjson', ndjson(records))
  })

  afterEach(async () => {
    await folder.remove()
    await endpoint.close()
    await hdfs.close()
  })

  async function stopped(command: RunningCommand): Promise<Result> {
    await until(() => hdfs.steps.some(isAppend) || command.process.exitCode !== null)
    command.process.kill('SIGTERM')
    return command.result()
  }

  function accountOf(result: Result): { accepted: number; kept: number; storing: number } {
    const { accepted, delivered, stored, abandoned, waiting, inFlight, retrying, storing, kept, exitCode } =
      reportIn(result)
    expect({ waiting, inFlight, retrying, exitCode }, result.stderr).to.deep.equal({
      waiting: 0,
      inFlight: 0,
      retrying: 0,
      exitCode: 5
    })
    expect(storing).to.be.above(0)
    expect(delivered! + stored! + kept!).to.equal(accepted)
    expect(delivered! + stored! + abandoned! + storing!).to.equal(accepted)
    expect(result.stderr).to.include(
      `${storing} records were being stored when the waiting ended: they may be in the storage as well\n`
    )
    return { accepted: accepted!, kept: kept!, storing: storing! }
  }

  it('counts what is kept by its place in a file, and the next run sends it', async () => {
    const result = await stopped(folder.start(['run', 'c.yaml', '--input', 'events.ndjson']))
    const { kept } = accountOf(result)
    expect(result.stderr).to.include(`${kept} records of the input are not settled: the next run of it sends them\n`)
    hangs = false
    const next = reportIn(await folder.run(['run', 'c.yaml', '--input', 'events.ndjson']))
    expect(next).to.include({ accepted: records, stored: records })
    expect(next).to.not.have.property('kept')
  })

  it('counts what is kept in the journal, and the next run sends it', async () => {
    const command = folder.start(['run', 'c.yaml', '--input', '-'])
    command.process.stdin.write(ndjson(records))
    const result = await stopped(command)
    const { kept } = accountOf(result)
    expect(result.stderr).to.include(`${kept} records are kept in the journal: the next run sends them first\n`)
    hangs = false
    expect(reportIn(await folder.run(['run', 'c.yaml', '--input', '-']))).to.include({ stored: kept })
  })

  it('counts what stays in the storage of a replay, and the next replay sends it', async () => {
    const stored = new FileStorage({ path: join(folder.path, 'old') })
    const error = new DeliveryError('SPW_ERR_STATUS', 'answered 503', {
      phase: 'answered',
      retryable: true,
      status: 503
    })
    await stored.append(Array.from({ length: 500 }, (_, id) => new Delivery([`${id}`], { error, priorAttempts: 1 })))
    await stored.close()
    // What fails again goes to the first storage.
    await folder.write('c.yaml', config('fallback: { storage: file, path: ./old }'))
    const result = await stopped(folder.start(['replay', 'c.yaml', '--all']))
    const { kept } = accountOf(result)
    expect(result.stderr).to.include(`${kept} records stay in the storage: the next replay sends them\n`)
    hangs = false
    const next = reportIn(await folder.run(['replay', 'c.yaml', '--all']))
    expect(next).to.include({ accepted: kept, stored: kept })
    expect(next).to.not.have.property('kept')
  })
})
