import { createServer, type Server, type ServerResponse } from 'node:http'
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Delivery } from '../../../lib/delivery.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { line as checked, lineOf } from '../../../lib/storage/file/line.ts'
import { textsIn } from '../../support/deliveries.ts'
import { LoopLag } from '../../support/loop-lag.ts'
import { CommandFolder, ndjson, reportIn, type RunningCommand, until } from '../command.ts'

interface Got {
  readonly id: number
  readonly key: string
}

describe('spillway run and its journal', function () {
  this.timeout(90_000)
  let folder: CommandFolder
  let server: Server
  let got: Got[]
  let held: ServerResponse[]
  /** Whether a request is answered; else it is held. */
  let answers: (id: number) => boolean
  let url: string

  beforeEach(async () => {
    folder = await CommandFolder.make()
    got = []
    held = []
    answers = () => true
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const [id] = /\d+/.exec(body) ?? ['-1']
        got.push({ id: Number(id), key: String(request.headers['idempotency-key']) })
        if (answers(Number(id))) response.end()
        else held.push(response)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await folder.write('c.yaml', `http: { url: "${url}", numWriters: 8, queueCapacity: 100 }\n`)
  })

  afterEach(async () => {
    await folder.remove()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  const start = (input: string, ...flags: string[]) =>
    folder.start(['run', 'c.yaml', '--input', input, '--quiet', ...flags])
  const run = (input: string, ...flags: string[]) => folder.run(['run', 'c.yaml', '--input', input, ...flags])

  async function killed(command: RunningCommand): Promise<void> {
    command.process.kill('SIGKILL')
    await command.result()
  }

  const idsGot = (): number[] => got.map(({ id }) => id).sort((a, b) => a - b)
  const places = async (): Promise<string[]> => readdir(join(folder.path, 'journal/places'))

  const textsThere = async (name: string): Promise<string[]> =>
    textsIn(new FileStorage({ path: join(folder.path, name) }))

  /** Waits until it is written that of what stands before there one record is not settled, nor what stands there. */
  async function placeIsOpenAt(offset: number): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      // What is not in its place yet does not count.
      const written = (await places()).filter(name => name.endsWith('.place'))
      const all = await Promise.all(written.map(name => readFile(join(folder.path, 'journal/places', name))))
      return all.some(bytes => {
        const { open } = JSON.parse(bytes.toString('utf8', checked.head)) as { open: Array<[number, number]> }
        return open.length === 2 && open[1]![0] === offset
      })
    }
    while (!(await isSo().catch(() => false))) await new Promise(resolve => setTimeout(resolve, 20))
  }

  it('P04 sends after a kill what standard input gave before it, with the same keys', async () => {
    answers = id => id < 20
    const command = start('-')
    command.process.stdin.write(ndjson(60))
    await until(() => got.length === 28)
    await folder.untilEntries('journal', entries => entries === 40)
    await killed(command)
    const before = got
    got = []
    answers = () => true
    const result = await folder.run(['run', 'c.yaml', '--input', '-'])
    expect(result.code, result.stderr).to.equal(0)
    const again = idsGot()
    expect(again.filter(id => id >= 20)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 20))
    // What was answered a moment before the kill may come again.
    expect(again.length).to.be.at.most(40 + 8)
    for (const { id, key } of got) {
      const earlier = before.find(each => each.id === id)
      if (earlier !== undefined) expect(key).to.equal(earlier.key)
    }
    got = []
    expect((await folder.run(['run', 'c.yaml', '--input', '-'])).code).to.equal(0)
    expect(got).to.deep.equal([])
  })

  it('P04 goes on in a file after a kill, passes over what was settled, and keeps the keys', async () => {
    await folder.write('events.ndjson', ndjson(2_000))
    // One holds the place for ever.
    answers = id => id !== 5 && id < 1_500
    const command = start('events.ndjson')
    await until(() => held.length === 8)
    await placeIsOpenAt(ndjson(1_500).length)
    await killed(command)
    const before = got
    got = []
    answers = () => true
    const result = await run('events.ndjson')
    expect(result.code, result.stderr).to.equal(0)
    expect(result.stderr).to.match(/events\.ndjson: \d+ bytes were settled by an earlier run/)
    expect(idsGot()).to.deep.equal([5, ...Array.from({ length: 500 }, (_, i) => i + 1_500)])
    const keys = new Map(before.map(({ id, key }) => [id, key]))
    expect(got.filter(({ id }) => keys.has(id))).to.have.lengthOf(8)
    for (const { id, key } of got) if (keys.has(id)) expect(key).to.equal(keys.get(id))
  })

  it('goes on in a file that has grown, and begins anew in one that was replaced', async () => {
    await folder.write('events.ndjson', ndjson(10))
    expect((await run('events.ndjson')).code).to.equal(0)
    await appendFile(join(folder.path, 'events.ndjson'), '{"id":10}\n{"id":11}\n')
    expect((await run('events.ndjson')).code).to.equal(0)
    expect(idsGot()).to.deep.equal(Array.from(Array(12).keys()))
    got = []
    expect((await run('events.ndjson')).code).to.equal(0)
    expect(got).to.deep.equal([])

    await folder.write('events.ndjson', '{"id":77}\n'.repeat(30))
    const replaced = await run('events.ndjson')
    expect(replaced.stderr).to.include('is another file than the one that was read before')
    expect(got).to.have.lengthOf(30)
  })

  it('--anew sends a file from its beginning, and another endpoint has a place of its own', async () => {
    await folder.write('events.ndjson', ndjson(3))
    for (const flags of [[], ['--anew'], ['--url', `${url}other`]]) {
      got = []
      expect((await run('events.ndjson', ...flags)).code).to.equal(0)
      expect(idsGot(), flags.join(' ')).to.deep.equal([0, 1, 2])
    }
    expect(await places()).to.have.lengthOf(2)
  })

  it('keeps the place in packed files and in CSV, where the header is read again', async () => {
    for (const [name, content] of [
      ['a.ndjson.gz', gzipSync(ndjson(300))],
      ['b.csv', `id,n\n${Array.from({ length: 300 }, (_, i) => `${i},x\n`).join('')}`]
    ] as const) {
      await folder.write(name, content)
      got = []
      held = []
      answers = id => id !== 3 && id < 200
      const command = start(name)
      await until(() => held.length === 8)
      await placeIsOpenAt(name === 'b.csv' ? content.indexOf('\n200,') + 1 : ndjson(200).length)
      await killed(command)
      got = []
      answers = () => true
      expect((await run(name)).code, name).to.equal(0)
      expect(idsGot(), name).to.deep.equal([3, ...Array.from({ length: 100 }, (_, i) => i + 200)])
    }
  })

  it('stores a damaged line once, although it runs twice', async () => {
    await folder.write('events.ndjson', '{"id":1}\nno json\n{"id":2}\n')
    expect((await run('events.ndjson')).code).to.equal(4)
    const again = await run('events.ndjson')
    expect(reportIn(again)).to.include({ accepted: 0, damaged: 0, exitCode: 0 })
    const { stdout } = await folder.run(['ls', 'c.yaml', '--json'])
    expect(stdout.trim().split('\n')).to.have.lengthOf(1)
  })

  it('sets a damaged place aside, and sends all of the file', async () => {
    await folder.write('events.ndjson', ndjson(3))
    await run('events.ndjson')
    const [name] = await places()
    const path = join(folder.path, 'journal/places', name!)
    const bytes = await readFile(path)
    bytes[40]! ^= 1
    await writeFile(path, bytes)
    const result = await run('events.ndjson')
    expect(result.stderr).to.include('is damaged and was kept aside')
    expect(got).to.have.lengthOf(6)
    expect(await readFile(`${path}.damaged`)).to.deep.equal(bytes)
  })

  it('P14 refuses a place that a later release wrote, and leaves it', async () => {
    await folder.write('events.ndjson', ndjson(3))
    await run('events.ndjson')
    const [name] = await places()
    const path = join(folder.path, 'journal/places', name!)
    const bytes = await readFile(path)
    const later = lineOf(bytes.toString('utf8', checked.head, bytes.length - 1).replace('"v":1', '"v":2'), 0)
    await writeFile(path, later)
    got = []
    const result = await run('events.ndjson')
    expect(result.code).to.equal(5)
    expect(result.stderr).to.include(name!).and.include('version 2')
    expect(got).to.deep.equal([])
    expect(await readFile(path)).to.deep.equal(later)
  })

  it('refuses --no-journal beside --journal', async () => {
    await folder.write('events.ndjson', ndjson(1))
    for (const flags of [
      ['--no-journal', '--journal', 'j'],
      ['--journal', 'j', '--no-journal']
    ]) {
      const { code, stdout, stderr } = await run('events.ndjson', ...flags)
      expect([code, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.include("option '--no-journal' cannot be used with option '--journal <folder>'")
    }
  })

  it('--no-journal keeps nothing, and says what may be lost', async () => {
    await folder.write('events.ndjson', ndjson(3))
    const result = await run('events.ndjson', '--no-journal')
    expect(result.code).to.equal(0)
    expect(result.stderr).to.include('without a journal: when this process dies')
    expect(await readdir(folder.path)).to.not.include('journal')
    await run('events.ndjson', '--no-journal')
    expect(got).to.have.lengthOf(6)
  })

  it('P13 refuses a second run on the same folder', async () => {
    answers = () => false
    const first = start('-')
    first.process.stdin.write(ndjson(1))
    await until(() => held.length === 1)
    await folder.write('d.yaml', `http: { url: "${url}" }\nfailover: { path: ./other }\n`)
    const second = await folder.run(['run', 'd.yaml', '--input', '-'])
    expect(second.code).to.equal(5)
    expect(second.stderr).to.match(/journal.*(lock|another|process)/i)
    for (const response of held) response.end()
    first.process.stdin.end()
    expect((await first.result()).code).to.equal(0)
  })

  it('--journal names the folder, which must be another than that of the storage', async () => {
    await folder.write('events.ndjson', ndjson(1))
    expect((await run('events.ndjson', '--journal', './kept')).code).to.equal(0)
    expect(await readdir(folder.path))
      .to.include('kept')
      .and.not.include('journal')
    const wrong = await run('events.ndjson', '--journal', './failover')
    expect(wrong.code).to.equal(2)
    expect(wrong.stderr).to.include('--journal must be another folder than failover/path')
  })

  it('T01 says which folder is a file, and ends with 5', async () => {
    await folder.write('events.ndjson', ndjson(1))
    await folder.write('journal', 'mine')
    const result = await run('events.ndjson')
    expect(result.code).to.equal(5)
    expect(result.stderr).to.include(join(folder.path, 'journal'))
    expect(await readFile(join(folder.path, 'journal'), 'utf8')).to.equal('mine')
  })

  it('P01 keeps in the journal what a storage that is gone does not take, and the next run sends it first', async () => {
    answers = () => false
    const command = start('-', '--drain-timeout', '1s')
    command.process.stdin.write(ndjson(50))
    await until(() => held.length === 8)
    await new Promise(resolve => setTimeout(resolve, 300))
    await rm(join(folder.path, 'failover'), { recursive: true })
    const lag = new LoopLag()
    const since = performance.now()
    command.process.kill('SIGTERM')
    const result = await command.result()
    expect(performance.now() - since - lag.end().worst).to.be.below(3_000)
    expect(result.code).to.equal(5)
    expect(reportIn(result)).to.include({ accepted: 50, stored: 0, abandoned: 50, kept: 50, exitCode: 5 })
    expect(result.stderr).to.include('50 records are kept in the journal')
    got = []
    answers = () => true
    expect((await folder.run(['run', 'c.yaml', '--input', '-'], {}, '{"id":50}\n')).code).to.equal(0)
    expect(idsGot()).to.deep.equal(Array.from(Array(51).keys()))
    // Of the 8 that are under way at once any may come last.
    expect(got.findIndex(({ id }) => id === 50)).to.be.at.least(51 - 8)
  })

  it('P01 ends in time while it sends what a big journal has left, and leaves the rest in it', async () => {
    const storage = new FileStorage({ path: join(folder.path, 'journal') })
    const left = Array.from({ length: 20_000 }, (_, id) => new Delivery([`{"id":${id}}`], { url }))
    for (let i = 0; i < left.length; i += 1_000) await storage.append(left.slice(i, i + 1_000))
    await storage.close()
    answers = () => false
    const command = start('-', '--drain-timeout', '500ms')
    await until(() => held.length === 8)
    const lag = new LoopLag()
    const since = performance.now()
    command.process.kill('SIGTERM')
    const result = await command.result()
    const took = performance.now() - since
    expect(took - lag.end().worst).to.be.below(500 + 2_000)
    const { stored, ambiguous, abandoned, storing } = reportIn(result)
    const [inJournal, inStorage] = (await Promise.all(['journal', 'failover'].map(textsThere))) as [string[], string[]]
    expect(new Set([...inJournal, ...inStorage]).size).to.equal(20_000)
    expect(stored).to.be.below(5_000)
    if (result.code === 143) {
      expect([ambiguous, abandoned, storing]).to.deep.equal([8, 0, 0])
      expect(inStorage).to.have.lengthOf(stored!)
      expect(inJournal.length + stored!).to.equal(20_000)
    } else {
      // The disk was too slow: it had its time.
      expect(result.code, result.stderr).to.equal(5)
      expect(result.stderr).to.include('The storage did not take what was left within the drain time.')
      expect(took).to.be.at.least(500 + 300)
    }
  })

  it('accounts for everything when it is stopped for a while and goes on', async () => {
    await folder.write('events.ndjson', ndjson(500))
    answers = id => id < 100
    const command = start('events.ndjson')
    await until(() => held.length === 8)
    command.process.kill('SIGSTOP')
    await new Promise(resolve => setTimeout(resolve, 3_000))
    answers = () => true
    for (const response of held) response.end()
    command.process.kill('SIGCONT')
    const result = await command.result()
    expect(result.code, result.stderr).to.equal(0)
    expect(reportIn(result)).to.include({ accepted: 500, delivered: 500, retries: 0 })
  })

  it('leaves what is not its own in the folder alone', async () => {
    await mkdir(join(folder.path, 'journal'))
    await folder.write('journal/notes.txt', 'mine')
    await folder.write('events.ndjson', ndjson(1))
    expect((await run('events.ndjson')).code).to.equal(0)
    expect(await readFile(join(folder.path, 'journal/notes.txt'), 'utf8')).to.equal('mine')
  })
})
