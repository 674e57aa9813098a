import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { TestEndpoint } from '../../../lib/cli/test-endpoint.ts'
import { freePorts } from '../../support/servers/free-ports.ts'
import { paused } from '../../support/waiting.ts'
import { CommandFolder, reportIn } from '../command.ts'

const lines = Array.from({ length: 5 }, (_, id) => `{"id":${id}}`).join('\n')

describe('spillway and a storage that is away', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let endpoint: TestEndpoint
  let environment: Record<string, string>

  beforeEach(async () => {
    const [port] = await freePorts(1)
    folder = await CommandFolder.make()
    endpoint = new TestEndpoint({ port: 0, latency: 0, fail: 1, status: 503 })
    environment = { URL: await endpoint.start(), DATABASE: `jdbc:mysql://127.0.0.1:${port}/test` }
    await folder.write('events.ndjson', lines)
    await folder.write('c.yaml', configuration(''))
  })

  afterEach(async () => {
    await endpoint.close()
    await folder.remove()
  })

  const configuration = (fallback: string): string =>
    `http: { url: "\${URL}" }
retry: { retries: 0 }
failover: { storage: mysql, jdbcUrl: "\${DATABASE}", username: root, table: record, timeout: 500${fallback} }
`
  const command = (...args: string[]) => folder.run(args, environment)
  const isThere = (path: string): Promise<boolean> =>
    stat(join(folder.path, path)).then(
      () => true,
      () => false
    )

  it('refuses a fallback in the place of its storage, which would bring what it holds back into itself', async () => {
    const same = `, fallback: { storage: mysql, jdbcUrl: "\${DATABASE}", username: root, table: record }`
    await folder.write('c.yaml', configuration(same))
    for (const args of [
      ['run', 'c.yaml', '--input', 'events.ndjson'],
      ['ls', 'c.yaml'],
      ['check', 'c.yaml']
    ]) {
      const { code, stderr } = await command(...args)
      expect(stderr, args[0]).to.include('failover/fallback/table must be another table than failover/table')
      expect(code).to.equal(2)
    }
  })

  /** Whether something is stored in this folder. */
  async function stored(path: string): Promise<boolean> {
    const storage = new FileStorage({ path: join(folder.path, path) })
    for await (const _entry of storage.read()) return true
    return false
  }

  it('T33 T36 stores on the local disk meanwhile, says so, and shows and replays it from there', async () => {
    const run = await command('run', 'c.yaml', '--input', 'events.ndjson')
    expect(run.code, run.stderr).to.equal(3)
    expect(reportIn(run)).to.include({ accepted: 5, stored: 5, abandoned: 0 })
    expect(run.stderr).to.include('the fallback takes what has to be stored meanwhile')
    expect(await isThere('failover/mysql')).to.equal(true)

    const ls = await command('ls', 'c.yaml', '--json')
    expect(ls.stdout.trimEnd().split('\n')).to.have.length(5)
    // What the database may hold could not be listed.
    expect(ls.code).to.equal(5)
    expect(ls.stderr).to.include('127.0.0.1')

    await endpoint.close()
    endpoint = new TestEndpoint({ port: 0, latency: 0, fail: 0, status: 503 })
    environment = { ...environment, URL: await endpoint.start() }
    const replay = await command('replay', 'c.yaml', '--all')
    expect(reportIn(replay)).to.include({ accepted: 5, delivered: 5 })
    expect((await command('ls', 'c.yaml', '--json')).stdout).to.equal('')
  })

  it('does not begin without a fallback', async () => {
    await folder.write('c.yaml', configuration(', fallback: false'))
    const run = await command('run', 'c.yaml', '--input', 'events.ndjson')
    expect([run.code, run.stdout]).to.deep.equal([5, ''])
    expect(await isThere('failover')).to.equal(false)
  })

  it('takes the fallback that is configured instead of its own', async () => {
    await folder.write('c.yaml', configuration(', fallback: { storage: file, path: ./elsewhere }'))
    const run = await command('run', 'c.yaml', '--input', 'events.ndjson')
    expect(run.code, run.stderr).to.equal(3)
    expect([await isThere('elsewhere'), await isThere('failover')]).to.deep.equal([true, false])
  })

  it('goes on with its storage when the fallback cannot be opened, with eager too', async () => {
    await folder.write(
      'c.yaml',
      `http: { url: "\${URL}" }
retry: { retries: 0 }
failover: { storage: file, path: ./failed, eager: true, fallback: { storage: file, path: ./events.ndjson/x } }
`
    )
    const run = await command('run', 'c.yaml', '--input', 'events.ndjson')
    expect(run.code, run.stderr).to.equal(3)
    expect(reportIn(run)).to.include({ accepted: 5, stored: 5 })
  })

  it('T36 says that the fallback is used, without what is secret', async () => {
    await folder.write(
      'c.yaml',
      `http: { url: "\${URL}" }
retry: { retries: 0 }
failover: { storage: file, path: "./\${FOLDER}", fallback: { storage: file, path: ./fallback } }
`
    )
    const secretFolder = 'hunter2-folder'
    environment = { ...environment, FOLDER: secretFolder }
    const run = folder.start(['run', 'c.yaml', '--quiet', '--input', '-'], environment)
    const [first, ...others] = lines.split('\n')
    run.process.stdin.write(`${first}\n`)
    while (!(await stored(secretFolder))) await paused(10)
    await rm(join(folder.path, secretFolder), { recursive: true })
    await folder.write(secretFolder, '')
    run.process.stdin.end(others.join('\n'))
    const result = await run.result()
    expect(reportIn(result)).to.include({ accepted: 5, stored: 5 })
    expect(result.stderr).to.include('the storage fails, its fallback is used: Cannot')
    expect(result.stderr).not.to.include('hunter2').and.not.include('SpillwayWarning')
  })

  it('checks each storage of the chain', async () => {
    const { code, stdout } = await command('check', 'c.yaml')
    expect(code).to.equal(5)
    expect(stdout).to.match(/storage +FAILS +mysql\nstorage +ok +file /)
  })
})
