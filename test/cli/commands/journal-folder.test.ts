import { createServer, type Server, type ServerResponse } from 'node:http'
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Delivery } from '../../../lib/delivery.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { CommandFolder, ndjson, reportIn, type Result, until } from '../command.ts'

describe('spillway run and the folder of its journal', function () {
  this.timeout(60_000)
  let folder: CommandFolder
  let server: Server
  let got: number
  let held: ServerResponse[]
  let url: string
  const journal = (): string => join(folder.path, 'journal')

  beforeEach(async () => {
    folder = await CommandFolder.make()
    got = 0
    held = []
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        got++
        held.push(response)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const http = { url, numWriters: 4, drainTimeout: 200 }
    await folder.write('c.yaml', JSON.stringify({ http, failover: { path: './failover' } }))
    await folder.write('events.ndjson', ndjson(3))
  })

  afterEach(async () => {
    await folder.remove()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  async function runWithoutRights(...args: string[]): Promise<Result> {
    const command = folder.startWithoutRights(['run', 'c.yaml', '--input', 'events.ndjson', ...args])
    command.process.stdin.end()
    return command.result()
  }

  async function contents(path: string): Promise<Array<[string, string]>> {
    const names = (await readdir(path)).sort()
    return Promise.all(names.map(async name => [name, await readFile(join(path, name), 'latin1')] as [string, string]))
  }

  it('T02 begins nothing when it may not write there, names the folder and what to do, and deletes nothing', async () => {
    const storage = new FileStorage({ path: journal() })
    await storage.append([new Delivery(['{"id":0}'], { url })])
    await storage.close()
    await chmod(journal(), 0o555)
    const before = await contents(journal())
    const result = await runWithoutRights()
    await chmod(journal(), 0o755)
    expect(result.code, result.stderr).to.equal(5)
    expect(result.stderr)
      .to.include(journal())
      .and.to.include('EACCES')
      .and.to.include('--journal names another folder, --no-journal keeps none')
    expect(result.stdout).to.equal('')
    expect(got).to.equal(0)
    expect(await contents(journal())).to.deep.equal(before)
  })

  it('T02 begins nothing when it may not make it', async () => {
    await mkdir(join(folder.path, 'closed'), { mode: 0o555 })
    const result = await runWithoutRights('--journal', './closed/journal')
    expect(result.code, result.stderr).to.equal(5)
    expect(result.stderr).to.include(join(folder.path, 'closed/journal')).and.to.include('EACCES')
    expect(got).to.equal(0)
  })

  it('T02 stops, says so and keeps what is there when it may not write the places of files', async () => {
    await mkdir(journal(), { mode: 0o777 })
    await chmod(journal(), 0o777)
    await mkdir(join(journal(), 'places'), { mode: 0o555 })
    const result = await runWithoutRights()
    expect(result.code, result.stderr).to.equal(5)
    expect(result.stderr).to.include(join(journal(), 'places')).and.to.include('EACCES')
    expect(got).to.equal(0)
  })

  for (const [how, takeAway] of [
    ['deleted', () => rm(journal(), { recursive: true })],
    ['renamed', () => rename(journal(), `${journal()}-elsewhere`)]
  ] as const) {
    it(`T02 stops the source and says so when it is ${how} while records come`, async () => {
      const command = folder.start(['run', 'c.yaml', '--input', '-'])
      command.process.stdin.write(ndjson(2))
      await until(() => got === 2)
      await takeAway()
      command.process.stdin.write(ndjson(2))
      const result = await command.result()
      expect(result.code).to.equal(5)
      expect(result.stderr).to.include(`Cannot write to ${journal()}: ENOENT, it is not there any more`)
      const { accepted, delivered, stored, abandoned } = reportIn(result)
      expect([accepted, delivered! + stored! + abandoned!]).to.deep.equal([4, 4])
      expect(got).to.equal(2)
    })
  }

  it('T02 says so when it is deleted while a file is read, and delivers what was read', async () => {
    const command = folder.start(['run', 'c.yaml', '--input', 'events.ndjson'])
    await until(() => got === 3)
    await rm(journal(), { recursive: true })
    for (const response of held) response.end()
    const result = await command.result()
    expect(result.code).to.equal(5)
    expect(result.stderr).to.include(join(journal(), 'places')).and.to.include('it is not there any more')
    expect(reportIn(result)).to.include({ accepted: 3, delivered: 3 })
  })
})
