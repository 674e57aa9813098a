import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { Stats } from '../../lib/account.ts'
import { compiled } from '../support/compiled.ts'

const unshare = ['--map-root-user', '--net']
const inNamespace = promisify(execFile)

describe('faults of the network on the way to the endpoint', () => {
  // Linux, with nftables and iproute2; not in every container.
  before(function () {
    const commands = 'ip link set lo up && nft add table ip lossy'
    const { error, status, stderr } = spawnSync('unshare', [...unshare, 'sh', '-c', commands], { encoding: 'utf8' })
    if (status === 0) return
    const reason = error?.message ?? stderr.trim()
    if (process.env.CI === 'true') throw new Error(`no network namespace that loses packets: ${reason}`)
    console.log(`      skipped: no network namespace that loses packets: ${reason}`)
    this.skip()
  })

  it('E10 delivers everything through a network that loses one packet in five', async function () {
    this.timeout(120_000)
    const records = 40
    const child = compiled(new URL('lossy-network-child.ts', import.meta.url))
    const { stdout } = await inNamespace('unshare', [...unshare, process.execPath, child, String(records)])
    const { stats, received, dropped } = JSON.parse(stdout) as { stats: Stats; received: number[]; dropped: number[] }
    expect(stats).to.include({ accepted: records, delivered: records, stored: 0, abandoned: 0 })
    expect(new Set(received).size).to.equal(records)
    for (const packets of dropped) expect(packets).to.be.above(0)
    expect(dropped).to.have.length(2)
  })
})
