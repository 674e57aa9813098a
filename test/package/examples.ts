import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { neededServers } from '../examples/needed-servers.ts'
import { addressOf, stopServers } from '../support/servers/service.ts'

// Runs every example as its user would, one after the other, and ends with 1 if one fails or does not end.
const root = fileURLToPath(new URL('../../', import.meta.url))
const examples = readdirSync(`${root}/examples`).filter(name => name.endsWith('.ts'))
const failed: string[] = []

for (const name of examples) {
  const service = neededServers[name]
  const server = service === undefined ? {} : { [service.variable]: await addressOf(service) }
  console.log(`\n> node --import tsx examples/${name}`)
  const started = performance.now()
  const { status, signal } = spawnSync(process.execPath, ['--import', 'tsx', `examples/${name}`], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 120_000,
    env: { ...process.env, ...server }
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`< examples/${name}: ${status === 0 ? 'ok' : `FAILED (${signal ?? `exit ${status}`})`}, ${seconds} s`)
  if (status !== 0) failed.push(name)
}

await stopServers()
console.log(`\n${examples.length - failed.length} of ${examples.length} examples ran to their end`)
if (examples.length === 0 || failed.length > 0) process.exitCode = 1
