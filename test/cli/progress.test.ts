import { expect } from 'chai'
import { restore, type SinonFakeTimers, stub, useFakeTimers } from 'sinon'
import { Account } from '../../lib/account.ts'
import { showProgress, type Snapshot } from '../../lib/cli/progress.ts'

describe('showProgress', () => {
  let clock: SinonFakeTimers
  let written: string
  let look: Snapshot
  const isTTY = process.stderr.isTTY

  beforeEach(() => {
    clock = useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance', 'Date']
    })
    written = ''
    stub(process.stderr, 'write').callsFake(text => {
      written += String(text)
      return true
    })
    const stats = { ...new Account().stats(), delivered: 4_000, stored: 3, waiting: 10, retrying: 2 }
    look = { stats, done: 30, total: 90 }
  })

  afterEach(() => {
    clock.restore()
    restore()
    process.stderr.isTTY = isTTY
  })

  it('writes a line every 5 seconds where there is no terminal', () => {
    process.stderr.isTTY = false
    const progress = showProgress(() => look)
    clock.tick(4_999)
    expect(written).to.equal('')
    clock.tick(1)
    expect(written).to.equal('spillway: 33 % read, 4,000 delivered, 3 stored, 12 under way, 801/s\n')
    progress.end()
    clock.tick(60_000)
    expect(written.split('\n')).to.have.lengthOf(2)
  })

  it('says no share of what has no known size', () => {
    process.stderr.isTTY = false
    look = { ...look, total: undefined }
    const progress = showProgress(() => look)
    clock.tick(5_000)
    progress.end()
    expect(written).to.equal('spillway: 4,000 delivered, 3 stored, 12 under way, 801/s\n')
  })

  it('shows a bar with rate and remaining time on a terminal', () => {
    process.stderr.isTTY = true
    const progress = showProgress(() => look)
    clock.tick(2_000)
    look = { ...look, done: 60 }
    clock.tick(2_000)
    progress.end()
    expect(written).to.match(/=+-+ 66 % {2}[\d,]+\/s {2}ETA \S+ {2}4,000 delivered, 3 stored, 12 under way/)
  })
})
