import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Delivery } from '../../../lib/delivery.ts'
import { DeliveryError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { TestEndpoint } from '../../../lib/cli/test-endpoint.ts'
import { CommandFolder, reportIn, RunningCommand } from '../command.ts'

interface Row {
  readonly id: string
  readonly outcome: string
  readonly status?: number
  readonly accepted: string
}

const failure = (status: number, retryable: boolean): DeliveryError =>
  new DeliveryError('SPW_ERR_STATUS', `answered ${status}`, { phase: 'answered', retryable, status })

describe('spillway and what is stored', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let endpoint: TestEndpoint
  let environment: { URL: string }

  beforeEach(async () => {
    folder = await CommandFolder.make()
    endpoint = new TestEndpoint({ port: 0, latency: 0, fail: 0, status: 503 })
    environment = { URL: await endpoint.start() }
    await folder.write(
      'c.yaml',
      'http: { url: "${URL}" }\nretry: { retries: 0 }\nfailover: { storage: file, path: ./failover }\n'
    )
    await store([failure(503, true), failure(503, true), failure(503, true), failure(400, false), failure(400, false)])
  })

  afterEach(async () => {
    await endpoint.close()
    await folder.remove()
  })

  /** A record for each error; with `ids` their deliveries have these. */
  async function store(errors: readonly DeliveryError[], ids: readonly string[] = []): Promise<void> {
    const storage = new FileStorage({ path: join(folder.path, 'failover') })
    const request = { method: 'POST', url: environment.URL, priorAttempts: 1 }
    await storage.append(errors.map((error, i) => new Delivery([`{"id":${i}}`], { ...request, error, id: ids[i] })))
    await storage.close()
  }

  const command = (...args: string[]) => folder.run(args, environment)

  async function listed(...flags: string[]): Promise<Row[]> {
    const { code, stdout } = await command('ls', 'c.yaml', '--json', ...flags)
    expect(code).to.equal(0)
    return stdout === ''
      ? []
      : stdout
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line) as Row)
  }

  it('shows one whose id looks like a flag', async () => {
    await store([failure(503, true)], ['-a5'])
    const { code, stdout, stderr } = await command('show', 'c.yaml', '-a5')
    expect(code, stderr).to.equal(0)
    expect(JSON.parse(stdout)).to.deep.include({ id: '-a5', records: ['{"id":0}'] })
    expect(await command('show', 'c.yaml', '--tabel', 'x', '-a5')).to.include({ code: 2 })
  })

  it('takes what begins with two dashes for an id only after --', async () => {
    await store([failure(503, true)], ['--a5'])
    const [unknown, after, help] = await Promise.all([
      command('show', 'c.yaml', '--quite'),
      command('show', 'c.yaml', '--path', './failover', '--', '--a5'),
      command('show', 'c.yaml', '-h')
    ])
    expect(unknown).to.include({ code: 2, stdout: '' })
    expect(unknown.stderr).to.match(/unknown option '--quite'\s+\(Did you mean --quiet\?\)/)
    expect(after.code, after.stderr).to.equal(0)
    expect(JSON.parse(after.stdout)).to.include({ id: '--a5' })
    expect(help.stdout).to.include('Usage: spillway show')
  })

  it('lists, by filter, and shows one with its records', async () => {
    const rows = await listed()
    expect(rows.map(({ outcome, status }) => [outcome, status])).to.deep.equal([
      ['exhausted', 503],
      ['exhausted', 503],
      ['exhausted', 503],
      ['refused', 400],
      ['refused', 400]
    ])
    expect(await listed('--status', '400,401')).to.deep.equal(rows.slice(3))
    expect(await listed('--outcome', 'exhausted', '--limit', '1')).to.deep.equal(rows.slice(0, 1))
    expect(await listed('--until', '2020-01-01')).to.deep.equal([])
    expect(await listed('--since', '2020-01-01', '--code', 'SPW_ERR_STATUS')).to.have.lengthOf(5)

    const table = await command('ls', 'c.yaml')
    expect(table.stdout.split('\n')[0]).to.match(
      /^id +v +accepted +outcome +code +status +attempts +records +method +url$/
    )
    expect(table.stdout.trimEnd().split('\n')).to.have.lengthOf(6)
    expect(table.stdout).to.include(rows[0]!.id)

    const shown = await command('show', 'c.yaml', rows[4]!.id)
    expect(JSON.parse(shown.stdout)).to.deep.include({ id: rows[4]!.id, records: ['{"id":4}'], outcome: 'refused' })
    expect(await command('show', 'c.yaml', 'nobody')).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: 'spillway: nothing is stored under the id nobody\n'
    })
  })

  it('lists what says that it was accepted at a time that no date can have', async () => {
    const storage = new FileStorage({ path: join(folder.path, 'failover') })
    await storage.append([new Delivery(['{}'], { url: environment.URL, id: 'late', acceptedAt: 9e15 })])
    await storage.close()
    const late = (await listed()).find(({ id }) => id === 'late')
    expect(late).to.include({ accepted: '9000000000000000' })
  })

  it('replays all but refused ones, and refused ones when they are asked for', async () => {
    const dry = await command('replay', 'c.yaml', '--all', '--dry-run')
    expect(JSON.parse(dry.stdout)).to.deep.equal({
      dryRun: true,
      deliveries: 3,
      records: 3,
      notDue: 0,
      byOutcome: { exhausted: 3 },
      byCode: { SPW_ERR_STATUS: 3 }
    })
    expect(endpoint.report().requests).to.equal(0)

    const all = await command('replay', 'c.yaml', '--all')
    expect(all.code).to.equal(0)
    expect(reportIn(all)).to.deep.include({ accepted: 3, delivered: 3, stored: 0 })
    expect((await listed()).map(({ outcome }) => outcome)).to.deep.equal(['refused', 'refused'])

    const refused = await command('replay', 'c.yaml', '--outcome', 'refused', '--limit', '1')
    expect(reportIn(refused)).to.deep.include({ accepted: 1, delivered: 1 })
    expect(await listed()).to.have.lengthOf(1)
    expect(endpoint.report()).to.deep.include({ acknowledged: 4, uniqueKeys: 4 })
  })

  it('stores again what fails again, and ends with 3', async () => {
    await endpoint.close()
    const result = await command('replay', 'c.yaml', '--status', '503')
    expect(result.code).to.equal(3)
    expect(reportIn(result)).to.deep.include({ accepted: 3, delivered: 0, stored: 3 })
    expect(await listed()).to.have.lengthOf(5)
  })

  it('replays no faster than --rate', async () => {
    const started = performance.now()
    const result = await command('replay', 'c.yaml', '--all', '--rate', '2')
    expect(reportIn(result).delivered).to.equal(3)
    expect(performance.now() - started).to.be.at.least(1_000)
  })

  it('replays and purges only what is said: a filter, or --all', async () => {
    for (const name of ['replay', 'purge']) {
      const { code, stdout, stderr } = await command(name, 'c.yaml')
      expect([code, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.equal(
        `spillway: ${name} needs --all, or one of --since, --until, --status, --code, --outcome\n`
      )
    }
  })

  it('refuses --all beside a filter, one of which would not count', async () => {
    for (const [name, ...flags] of [
      ['replay', '--outcome', 'refused'],
      ['purge', '--yes', '--since', '2020-01-01']
    ]) {
      const { code, stdout, stderr } = await command(name!, 'c.yaml', '--all', ...flags)
      expect([code, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.match(/^spillway: (replay|purge) takes --all, or some of --since, .*--outcome, not both\n$/)
    }
    expect(await listed()).to.have.lengthOf(5)
    expect(endpoint.report().requests).to.equal(0)
  })

  it('replays no fewer than one delivery, when it only counts too', async () => {
    for (const flags of [[], ['--dry-run']]) {
      const { code, stdout, stderr } = await command('replay', 'c.yaml', '--all', '--limit', '0', ...flags)
      expect([code, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.include("option '--limit <n>' argument '0' is invalid")
    }
  })

  it('purges only with --yes', async () => {
    const asked = await command('purge', 'c.yaml', '--outcome', 'refused')
    expect(asked.code).to.equal(2)
    expect(JSON.parse(asked.stdout)).to.deep.equal({ purged: false, deliveries: 2, records: 2 })
    expect(await listed()).to.have.lengthOf(5)

    const done = await command('purge', 'c.yaml', '--outcome', 'refused', '--yes')
    expect(done.code).to.equal(0)
    expect(JSON.parse(done.stdout)).to.deep.equal({ purged: true, deliveries: 2, records: 2 })
    expect((await listed()).map(({ outcome }) => outcome)).to.deep.equal(['exhausted', 'exhausted', 'exhausted'])
  })

  it('checks the configuration and the storage, and sends nothing', async () => {
    const { code, stdout } = await command('check', 'c.yaml')
    expect(code).to.equal(0)
    expect(stdout).to.match(
      /^configuration +ok +c\.yaml\nstorage +ok +file \{.*"entries":5.*\}\njournal +ok +file \{.*"entries":0.*\}\n$/
    )
    expect(endpoint.report().requests).to.equal(0)
  })

  it('probes the endpoint when it is asked to', async () => {
    const found = await command('check', 'c.yaml', '--probe')
    expect(found.code).to.equal(0)
    expect(found.stdout).to.match(/\nendpoint +ok +OPTIONS \$\{URL\} answers 200\n$/)
    expect(endpoint.report().requests).to.equal(1)
    await endpoint.close()
    const gone = await command('check', 'c.yaml', '--probe')
    expect(gone.code).to.equal(5)
    expect(gone.stdout).to.match(/endpoint +FAILS +OPTIONS/)
    expect(gone.stderr).to.include('ECONNREFUSED')
  })

  it('probes without showing what is secret in the address', async () => {
    const url = `${environment.URL.replace('//', '//me:hunter2@')}hook?access_token=hunter2&x=1`
    await folder.write('c.yaml', `http: { url: "${url}" }\nfailover: { storage: file, path: ./failover }\n`)
    const found = await command('check', 'c.yaml', '--probe')
    expect(found.stdout).to.match(/endpoint +ok +OPTIONS http:.*\/hook\?access_token=\*\*\*&x=1 answers/)
    await endpoint.close()
    const gone = await command('check', 'c.yaml', '--probe')
    expect(gone.stdout).to.match(/endpoint +FAILS +OPTIONS http:.*\?access_token=\*\*\*&x=1\n/)
    for (const { stdout, stderr } of [found, gone]) expect(stdout + stderr).not.to.include('hunter2')
  })

  it('says in check that the storage is damaged, and ends with 5', async () => {
    const path = join(folder.path, 'failover')
    for (const name of await readdir(path)) {
      const bytes = await readFile(join(path, name))
      const at = bytes.indexOf('exhausted')
      if (at === -1) continue
      bytes.write('exhaustes', at)
      await writeFile(join(path, name), bytes)
    }
    const { code, stdout, stderr } = await command('check', 'c.yaml')
    expect(code).to.equal(5)
    expect(stderr).to.match(
      /^spillway: a part of the storage is damaged: \S+\.segment: a damaged part was passed over \(\d+ bytes at \d+\)\n$/
    )
    expect((await readdir(path)).filter(name => name.endsWith('.damaged'))).to.deep.equal([])
    expect(stdout).to.match(/\nstorage +DAMAGED +file \{.*"entries":4.*"damaged":1/)
  })

  it('says of a file that somebody else put there that it is left alone', async () => {
    const notes = join(folder.path, 'failover', 'notes.txt')
    await writeFile(notes, 'mine')
    for (const args of [['ls'], ['check'], ['purge', '--all'], ['replay', '--all']]) {
      const { stderr } = await command(args[0]!, 'c.yaml', ...args.slice(1))
      const [line] = stderr.split('\n')
      expect(line).to.match(
        /^spillway: a file is not one of the storage: \S+failover\/notes\.txt: nobody reads it, it is left alone$/
      )
    }
    expect(await readFile(notes, 'utf8')).to.equal('mine')
  })

  it('makes no folder where nothing is stored, and says so of one that was named', async () => {
    const lines = [
      ['replay', '--all'],
      ['replay', '--all', '--dry-run'],
      ['purge', '--all', '--yes'],
      ['ls', '--json'],
      ['show', 'nobody'],
      ['check']
    ]
    const run = ([name, ...flags]: string[], ...more: string[]) => command(name!, 'c.yaml', ...flags, ...more)
    const results = await Promise.all(lines.map(line => run(line, '--path', './failovr')))
    expect(results.map(({ code }) => code)).to.deep.equal([0, 0, 0, 0, 1, 0])
    for (const [i, { stderr }] of results.entries()) {
      expect(stderr, lines[i]![0]).to.match(/^spillway: there is no folder \S*\/failovr: nothing is stored there\n/)
    }
    const quiet = await run(['ls', '--json'], '--path', './failovr', '--quiet')
    expect(quiet).to.deep.equal({ code: 0, stdout: '', stderr: '' })
    expect((await readdir(folder.path)).sort()).to.deep.equal(['c.yaml', 'failover'])
  })

  it('says nothing of the folder of a fallback, or of the default one, that is not there yet', async () => {
    await rename(join(folder.path, 'failover'), join(folder.path, 'first'))
    await folder.write('f.yaml', 'failover: { path: ./first, fallback: { storage: file, path: ./fallback } }')
    await folder.write('d.yaml', 'failover: { table: t }')
    for (const file of ['f.yaml', 'd.yaml']) {
      const { code, stderr } = await command('replay', file, '--all')
      expect({ code, stderr }, file).to.deep.equal({ code: 0, stderr: '' })
    }
    const made = await readdir(folder.path)
    expect(made).not.to.include('fallback').and.not.to.include('failover')
  })

  it('replays what a fallback holds where the first storage has no folder', async () => {
    const fallback = 'fallback: { storage: file, path: ./failover }'
    await folder.write('c.yaml', `http: { url: "\${URL}" }\nfailover: { path: ./first, ${fallback} }\n`)
    const replay = await command('replay', 'c.yaml', '--all')
    expect(reportIn(replay)).to.include({ accepted: 3, delivered: 3, exitCode: 0 })
    expect(await listed()).to.have.lengthOf(2)
    expect(await readdir(folder.path)).not.to.include('first')
  })

  it('says where an option is wrong that only its storage can judge', async () => {
    await folder.write('c.yaml', 'failover:\n  storage: mysql\n  table: t\n  jdbcUrl: mysql://127.0.0.1/d\n')
    for (const args of [['ls'], ['purge', '--all']]) {
      const { code, stderr } = await command(args[0]!, 'c.yaml', ...args.slice(1))
      expect(code).to.equal(2)
      expect(stderr).to.match(/^spillway: c\.yaml:4:3 failover\/jdbcUrl /)
    }
  })

  if (existsSync('/dev/full')) {
    it('says that its output could not be written, and ends with 5 where that is all that it does', async () => {
      const full = ['sh', '-c', 'exec "$@" > /dev/full', 'sh']
      for (const [code, ...args] of [
        [5, 'ls'],
        [5, 'ls', '--json'],
        [5, 'check'],
        [5, 'purge', '--all', '--yes'],
        [0, 'replay', '--all']
      ] as const) {
        const [name, ...flags] = args
        const unwritten = new RunningCommand(folder.path, [name, 'c.yaml', ...flags], environment, full)
        const result = await unwritten.result()
        expect(result.stderr).to.match(/^spillway: standard output could not be written: .*ENOSPC/)
        expect(result.code, name).to.equal(code)
      }
    })
  }

  it('stops listing when nobody reads on', async () => {
    const listing = folder.start(['ls', 'c.yaml'], environment)
    listing.process.stdout.destroy()
    expect((await listing.result()).code).to.equal(0)
  })
})
