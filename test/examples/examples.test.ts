import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { addressOf, onServer } from '../support/servers/service.ts'
import { neededServers } from './needed-servers.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
// The main job takes half a minute: `npm start`, and `npm run examples`, run it.
const quick = readdirSync(new URL('../../examples/', import.meta.url)).filter(
  name => name.endsWith('.ts') && name !== 'main-job.ts'
)

function endsWell(name: string, environment: () => Record<string, string> = () => ({})): void {
  it(`${name} ends by itself, and well`, async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}`], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 50_000,
      env: { ...process.env, ...environment() }
    })
    const [complaints, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(code, complaints).to.equal(0)
  }).timeout(60_000)
}

describe('The examples', () => {
  for (const name of quick) {
    const service = neededServers[name]
    if (service === undefined) endsWell(name)
    else onServer(service, addressOf, server => endsWell(name, () => ({ [service.variable]: server() })))
  }

  it('have their question in the README', () => {
    const readme = readFileSync(`${root}/README.md`, 'utf8')
    for (const name of [...quick, 'main-job.ts']) expect(readme).to.include(`(examples/${name})`)
  })

  it('name their server, if they need one', () => {
    expect(quick.filter(name => name.startsWith('storage-'))).to.have.members(Object.keys(neededServers))
  })
})
