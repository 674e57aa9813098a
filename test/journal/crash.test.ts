import { expect } from 'chai'
import { join } from 'node:path'
import { recordsOf } from '../../lib/storage/envelope.ts'
import { FileStorage } from '../../lib/storage/file-storage.ts'
import { servers } from '../support/cleaning.ts'
import { entriesIn } from '../support/deliveries.ts'
import { answer } from '../support/fault.ts'
import { children } from '../support/run-in-child.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { paused } from '../support/waiting.ts'

const script = new URL('./journal-child.ts', import.meta.url)
const cycles = 4

const numbersIn = (text: string): number[] => Array.from(text.matchAll(/"n":(\d+)/g), ([, number]) => Number(number))

describe('A journal and the death of its process', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  const serve = servers()
  const run = children()

  for (const [sync, batch] of [
    ['group', 1],
    ['group', 20],
    ['always', 1],
    ['interval', 20]
  ] as const) {
    it(`P04 loses no record whose write called back (sync ${sync}, batches of ${batch})`, async () => {
      const path = folder()
      const acknowledged: string[] = []
      const server = await serve(exchange => {
        const refuses = numbersIn(exchange.request.text).some(number => number % 17 === 0)
        if (!refuses) acknowledged.push(exchange.request.text)
        answer(refuses ? 400 : 200)(exchange)
      })
      const durable = new Set<number>()
      let next = 0
      const life = async (...more: string[]): Promise<void> => {
        const child = run(script, [path, server.url, sync, String(batch), String(next), ...more])
        if (more.length > 0) await child.line('over')
        else {
          await child.line(String(next))
          await paused(Math.random() * 150)
          await child.kill()
        }
        for (const line of child.lines) if (/^\d+$/.test(line)) durable.add(Number(line))
        next = Math.max(next, ...durable) + 100_000
      }
      for (let cycle = 0; cycle < cycles; cycle++) await life()
      await life('10')

      const stored = await entriesIn(new FileStorage({ path: join(path, 'failover') }))
      const settled = new Set(acknowledged.flatMap(numbersIn))
      for (const { envelope } of stored)
        for (const number of numbersIn(String(recordsOf(envelope)))) settled.add(number)
      const lost = [...durable].filter(number => !settled.has(number))
      expect(durable.size).to.be.above(cycles)
      expect(lost, `of ${durable.size}`).to.deep.equal([])
      expect(await entriesIn(new FileStorage({ path: join(path, 'journal') }))).to.deep.equal([])
      if (batch === 1) expectBoundedRepeats(server.requests)
    })
  }

  it('P10 keeps what was durable when a function of the user throws, and the process fails', async () => {
    const path = folder()
    const server = await serve(() => {})
    const child = run(script, [path, server.url, 'group', '1', '0', 'throw'])
    const { code, errors } = await child.ended
    expect(code).to.equal(1)
    expect(errors).to.include('of the user')
    const kept = await entriesIn(new FileStorage({ path: join(path, 'journal') }))
    const numbers = new Set(kept.flatMap(({ envelope }) => numbersIn(String(recordsOf(envelope)))))
    expect(child.lines.filter(line => !numbers.has(Number(line)))).to.deep.equal([])
    expect(child.lines).to.have.lengthOf(20)
  })

  // In each life at most what was under way, or answered a moment before, comes again, with its key.
  function expectBoundedRepeats(requests: ReadonlyArray<{ text: string; headers: Record<string, string> }>): void {
    const keys = new Map<string, string>()
    let repeats = 0
    for (const { text, headers } of requests) {
      const key = headers['idempotency-key']!
      if (keys.has(text)) repeats++
      expect(keys.get(text) ?? key).to.equal(key)
      keys.set(text, key)
    }
    expect(repeats).to.be.below(cycles * 300)
  }
})
