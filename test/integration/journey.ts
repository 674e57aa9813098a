import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { storageFrom } from '../../lib/storage/registry.ts'
import { CommandFolder, reportIn } from '../cli/command.ts'
import { entriesIn, idsOf } from '../support/deliveries.ts'
import { addressOf, onServer, type Service } from '../support/servers/service.ts'

/** What a storage needs for the journey of a StreamPark user. */
export interface Journey {
  readonly service: Service
  readonly storage: string
  /** The keys of `http.sink.failover`, as StreamPark's page has them, a line each; `name` is a table or topic of this test. */
  failover(address: string, name: string): readonly string[]
  /** The same storage in our own options. */
  options(address: string, name: string): Readonly<Record<string, unknown>>
}

const users = Array.from({ length: 20 }, (_, userId) => userId)

/** A StreamPark user's way with one storage: run, find, look, replay, clear. */
export function journeyOf({ service, storage, failover, options }: Journey): void {
  onServer(service, addressOf, server => {
    describe(`a StreamPark configuration with storage: ${storage}`, function () {
      this.timeout(120_000)
      const name = `journey_${randomBytes(4).toString('hex')}`
      const bodies: unknown[] = []
      let folder: CommandFolder
      let endpoint: Server
      let status = 503

      before(async () => {
        endpoint = createServer((request, response) => {
          void text(request).then(body => {
            if (status === 200) bodies.push(JSON.parse(body))
            response.writeHead(status, { 'content-length': 0 }).end()
          })
        }).listen(0, '127.0.0.1')
        await once(endpoint, 'listening')
        folder = await CommandFolder.make()
        await folder.write('application.yml', configuration(failover(server(), name)))
        const { port } = endpoint.address() as AddressInfo
        const url = (userId: number): string => `http://127.0.0.1:${port}/visit?userId=${userId}&siteId=a%20b`
        await folder.write('urls.txt', users.map(url).join('\n'))
      })

      after(async () => {
        await removeAll(options(server(), name))
        endpoint.closeAllConnections()
        endpoint.close()
        await folder.remove()
      })

      const command = (...args: string[]) => folder.run(args, {})

      async function counted(...flags: string[]): Promise<number> {
        const { code, stdout, stderr } = await command('ls', 'application.yml', '--json', ...flags)
        expect(code, stderr).to.equal(0)
        const rows = stdout.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as { url: string }]))
        return rows.filter(({ url }) => url.endsWith('/visit')).length
      }

      // Without the command line: what it says is not taken for what is there.
      async function stored(): Promise<string[]> {
        const opened = storageFrom(options(server(), name))
        try {
          return idsOf(await entriesIn(opened))
        } finally {
          await opened.close()
        }
      }

      it('stores what the endpoint does not take, in the storage that it names', async () => {
        const run = await command('run', 'application.yml', '--method', 'POST', '--input', 'urls.txt')
        expect(run.code, run.stderr).to.equal(3)
        expect(reportIn(run)).to.include({ accepted: 20, delivered: 0, stored: 20 })
        expect(await stored()).to.have.length(20)
      })

      it('lists by every filter', async () => {
        const hour = 3_600_000
        const [past, future] = [-hour, hour].map(offset => new Date(Date.now() + offset).toISOString())
        const asked = ['--status', '500,503', '--outcome', 'exhausted', '--code', 'SPW_ERR_STATUS', '--since', past!]
        const lists = [
          ['--until', future!, ...asked],
          ['--until', past!, ...asked],
          ['--limit', '7']
        ]
        expect(await Promise.all(lists.map(flags => counted(...flags)))).to.deep.equal([20, 0, 7])
      })

      it('shows one with its record', async () => {
        const [id] = await stored()
        const { code, stdout } = await command('show', 'application.yml', id!)
        expect(code).to.equal(0)
        const shown = JSON.parse(stdout) as { id: string; records: string[] }
        expect(shown.id).to.equal(id)
        expect(JSON.parse(shown.records[0]!)).to.have.all.keys('userId', 'siteId')
      })

      it('checks that all of it can be read', async () => {
        const { code, stdout, stderr } = await command('check', 'application.yml')
        expect(code, stdout + stderr).to.equal(0)
        expect(stdout).to.match(new RegExp(`storage +ok +${storage} .*"entries":20`))
      })

      it('says what a replay would send, and leaves it there', async () => {
        const { code, stdout } = await command('replay', 'application.yml', '--all', '--dry-run')
        expect(code).to.equal(0)
        expect(JSON.parse(stdout)).to.include({ dryRun: true, records: 20 })
        expect(await stored()).to.have.length(20)
      })

      it('keeps what fails again in a replay, once', async () => {
        const replay = await command('replay', 'application.yml', '--all', '--method', 'POST', '--limit', '5')
        expect(replay.code, replay.stderr).to.equal(3)
        const ids = await stored()
        expect([ids.length, new Set(ids).size]).to.deep.equal([20, 20])
      })

      it('brings back what a filter asks for', async () => {
        status = 200
        const none = await command('replay', 'application.yml', '--status', '404')
        expect(none.code, none.stderr).to.equal(0)
        const some = await command('replay', 'application.yml', '--status', '503', '--limit', '8')
        expect(some.code, some.stderr).to.equal(0)
        expect([bodies.length, (await stored()).length]).to.deep.equal([8, 12])
      })

      it('purges only when it is told so', async () => {
        const until = ['--until', new Date().toISOString()]
        expect((await command('purge', 'application.yml', ...until)).code).to.equal(2)
        expect(await stored()).to.have.length(12)
      })

      it('brings back all, each once, as the original would have sent it', async () => {
        const replay = await command('replay', 'application.yml', '--all')
        expect(replay.code, replay.stderr).to.equal(0)
        expect(await stored()).to.deep.equal([])
        const sent = (bodies as Array<{ userId: string; siteId: string }>).sort((a, b) => +a.userId - +b.userId)
        expect(sent).to.deep.equal(users.map(userId => ({ userId: String(userId), siteId: 'a b' })))
      })

      it('purges what is left, for good', async () => {
        status = 400
        const run = await command('run', 'application.yml', '--method', 'POST', '--input', 'urls.txt')
        expect(run.code, run.stderr).to.equal(4)
        const purge = await command('purge', 'application.yml', '--outcome', 'refused', '--yes')
        expect(purge.code, purge.stderr).to.equal(0)
        expect(JSON.parse(purge.stdout)).to.deep.include({ purged: true, deliveries: 20, records: 20 })
        expect(await stored()).to.deep.equal([])
      })
    })
  })
}

function configuration(failover: readonly string[]): string {
  const threshold = ['numWriters: 3', 'queueCapacity: 10000', 'timeout: 5000', 'retries: 0', 'successCode: 200']
  return [
    'http.sink:',
    '  threshold:',
    ...threshold.map(line => `    ${line}`),
    '  failover:',
    ...failover.map(line => `    ${line}`),
    ''
  ].join('\n')
}

async function removeAll(options: Readonly<Record<string, unknown>>): Promise<void> {
  const storage = storageFrom(options)
  await storage.remove(await entriesIn(storage))
  await storage.close()
}
