import { expect } from 'chai'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { failedDeliveries, textsIn } from '../../support/deliveries.ts'
import { children } from '../../support/run-in-child.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const script = new URL('./storage-child.ts', import.meta.url)

describe('file storage and the death of its process', () => {
  const folder = temporaryFolder()
  const run = children()

  it('has all that was acknowledged after kill -9, again and again, and nothing else', async () => {
    const path = folder()
    const acknowledged: string[] = []
    for (let round = 0; round < 4; round++) {
      const child = run(script, ['append', path, `round${round}`])
      await child.line(`round${round} ${200 + 150 * round}`)
      await child.kill()
      acknowledged.push(...child.lines.filter(line => /^round\d \d+$/.test(line)))
    }
    const storage = new FileStorage({ path })
    const texts = await textsIn(storage, { claim: true })
    await storage.close()
    expect(texts).to.include.members(acknowledged)
    expect(new Set(texts).size).to.equal(texts.length)
    // Beyond these there can be only what the 16 writers had under way.
    expect(texts.length - acknowledged.length).to.be.within(0, 4 * 32)
  }).timeout(30_000)

  it('gives again after kill -9 only the entry whose removal was under way', async () => {
    const path = folder()
    const storage = new FileStorage({ path })
    await storage.append(failedDeliveries(1_000))
    await storage.close()
    const given: string[] = []
    for (const until of [100, 300, 500]) {
      const child = run(script, ['drain', path])
      await child.line(`removed record ${until}`)
      await child.kill()
      given.push(...child.lines.filter(line => line.startsWith('given ')))
    }
    const last = run(script, ['drain', path])
    await last.line('drained')
    given.push(...last.lines.filter(line => line.startsWith('given ')))
    expect(new Set(given).size).to.equal(1_000)
    expect(given.length).to.be.within(1_000, 1_000 + 3)
    expect(await textsIn(new FileStorage({ path }))).to.deep.equal([])
  }).timeout(30_000)

  it('T28 opens with 1,000,000 entries in bounded time and memory', async () => {
    const path = folder()
    const storage = new FileStorage({ path })
    for (let i = 0; i < 100; i++) await storage.append(failedDeliveries(10_000, `number ${i}`))
    await storage.close()
    // The threads that help the collector, as many as there are processors, need memory of their own.
    const child = run(script, ['open', path], {}, ['--single-threaded-gc'])
    await child.ended
    const [opening, reading] = child.lines.map(
      line => JSON.parse(line) as { what: string; milliseconds: number; megabytes: number }
    )
    expect(reading?.what).to.equal('read 1000000')
    expect(opening?.megabytes).to.be.below(200)
    expect(reading?.megabytes).to.be.below(250)
    expect(opening?.milliseconds).to.be.below(10_000)
  }).timeout(240_000)
})
