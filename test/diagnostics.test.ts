import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { diagnosticChannels, publish } from '../lib/diagnostics.ts'
import { turns } from './support/waiting.ts'

async function warningsOf(act: () => void): Promise<Array<Error & { code?: string }>> {
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)
  process.on('warning', listen)
  act()
  await turns()
  process.off('warning', listen)
  return warnings
}

describe('publish', () => {
  const message = { code: 'SPW_ERR_STORAGE_FULL', message: 'full' }

  it('tells those who listen, and warns nobody then', async () => {
    const heard: unknown[] = []
    const listen = (got: unknown, name: string | symbol): void => void heard.push([name, got])
    subscribe('spillway:storage-stalled', listen)
    const warnings = await warningsOf(() => publish('spillway:storage-stalled', message, 'It is full.'))
    unsubscribe('spillway:storage-stalled', listen)
    expect(heard).to.deep.equal([['spillway:storage-stalled', message]])
    expect(warnings).to.deep.equal([])
  })

  it('warns where nobody listens', async () => {
    const [warning, ...others] = await warningsOf(() => publish('spillway:storage-stalled', message, 'It is full.'))
    expect(warning).to.include({ name: 'SpillwayWarning', code: 'spillway:storage-stalled', message: 'It is full.' })
    expect(others).to.deep.equal([])
  })

  it('does not warn of what needs no care', async () => {
    expect(await warningsOf(() => publish('spillway:storage-resumed', {}))).to.deep.equal([])
  })
})

describe('diagnosticChannels', () => {
  it('are named after this package, once each', () => {
    for (const name of diagnosticChannels) expect(name).to.match(/^spillway:[a-z-]+$/)
    expect(new Set(diagnosticChannels).size).to.equal(diagnosticChannels.length)
  })
})
