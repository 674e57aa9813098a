import { spawnSync } from 'node:child_process'
import { TestSink } from '../support/test-sink.ts'
import { faultServer } from '../support/fault-server.ts'
import { say } from '../support/say.ts'

/**
 * Sends through a loopback device that loses one packet in five, in the network namespace that the process was started in:
 * `unshare --map-root-user --net node lossy-network-child.js RECORDS`. Prints what became of the records, as JSON.
 */
const records = Number(process.argv[2])

run('ip', ['link', 'set', 'lo', 'up'])
const server = await faultServer()
const lost = 'numgen random mod 5 == 0 counter drop'
const rules = `table ip lossy { chain in { type filter hook input priority 0; tcp dport ${server.port} ${lost}; tcp sport ${server.port} ${lost}; }; }`
run('nft', [rules])

const sink = new TestSink({ url: server.url, timeout: 30_000, numWriters: 8 }, { retries: 10 })
for (let id = 0; id < records; id++) sink.http.write({ id, filling: 'x'.repeat(5_000) })
await sink.end()

const dropped = [...run('nft', ['list', 'ruleset']).matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets))
say(JSON.stringify({ stats: sink.stats, received: server.requests.map(({ body }) => idIn(body)), dropped }))
process.exit(0)

function run(command: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`)
  return stdout
}

function idIn(body: Buffer): number {
  return (JSON.parse(body.toString()) as { id: number }).id
}
