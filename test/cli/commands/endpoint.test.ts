import { expect } from 'chai'
import { CommandFolder, until } from '../command.ts'

describe('spillway endpoint', function () {
  this.timeout(60_000)
  let folder: CommandFolder

  beforeEach(async () => {
    folder = await CommandFolder.make()
  })

  afterEach(() => folder.remove())

  it('prints its URL, and what it got when a signal ends it', async () => {
    const command = folder.start(['endpoint', '--port', '0', '--fail', '1', '--status', '429'])
    await until(() => command.stdout.endsWith('\n'))
    const url = command.stdout.trim()
    const { status } = await fetch(url, { method: 'POST', body: '{}', headers: { 'idempotency-key': 'a' } })
    expect(status).to.equal(429)
    command.process.kill('SIGINT')
    const { code, stdout } = await command.result()
    expect(code).to.equal(0)
    const [first, second, ...more] = stdout.split('\n')
    expect([first, more]).to.deep.equal([url, ['']])
    expect(JSON.parse(second!)).to.deep.include({ requests: 1, acknowledged: 0, uniqueKeys: 1, byStatus: { 429: 1 } })
  })

  it('answers every request with --status, unless --fail says how many', async () => {
    const answerOf = async (...flags: string[]): Promise<number> => {
      const command = folder.start(['endpoint', '--port', '0', ...flags])
      await until(() => command.stdout.endsWith('\n'))
      return (await fetch(command.stdout.trim())).status
    }
    const answers = [
      answerOf('--status', '500'),
      answerOf('--status', '500', '--fail', '0'),
      answerOf('--status', '204')
    ]
    expect(await Promise.all([...answers, answerOf()])).to.deep.equal([500, 200, 204, 200])
  })

  it('ends with 2 for a wrong flag, and with 5 when the port is taken', async () => {
    const first = folder.start(['endpoint', '--port', '0'])
    await until(() => first.stdout.endsWith('\n'))
    const { port } = new URL(first.stdout.trim())
    const [wrong, early, taken] = await Promise.all([
      folder.run(['endpoint', '--down', '3s']),
      folder.run(['endpoint', '--status', '100']),
      folder.run(['endpoint', '--port', port])
    ])
    expect(wrong.code).to.equal(2)
    expect(wrong.stderr).to.include('a span such as 10s..13s')
    expect(early.code).to.equal(2)
    expect(early.stderr).to.include('a whole number from 200 to 599')
    expect(taken.code).to.equal(5)
    expect(taken.stderr).to.match(/^spillway: .*EADDRINUSE/)
  })
})
