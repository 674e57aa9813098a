import fc from 'fast-check'
import sinon from 'sinon'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import { replay } from '../../../lib/replay.ts'
import { seededRandom } from '../../support/fault.ts'
import { breachOfLaw, expectOver } from '../../support/law.ts'
import { ManualSender } from '../../support/manual-sender.ts'
import { hushStalls } from '../../support/memory-storage.ts'
import { isLong, Machine } from '../support/machine.ts'
import { fateNames } from './fates.ts'
import { Rig, type RigOptions, turned } from './rig.ts'

type Action =
  | ({
      readonly do: 'write'
      readonly times: number
      readonly fates: ReadonlyArray<(typeof fateNames)[number]>
    } & Written)
  | { readonly do: 'answer'; readonly which: number }
  | { readonly do: 'answer all' | 'end' }
  | { readonly do: 'tick' | 'drain'; readonly milliseconds: number }
  | { readonly do: 'destroy'; readonly which: number }

interface Written {
  readonly tooLarge: boolean
  /** 0 for a plain record. */
  readonly records: number
}

const options: fc.Arbitrary<RigOptions> = fc
  .record({
    numWriters: fc.integer({ min: 1, max: 4 }),
    retries: fc.integer({ min: 0, max: 3 }),
    minDelay: fc.constantFrom(1, 100, 1_000),
    maxDelay: fc.constantFrom(1_000, 3_000),
    timeout: fc.constantFrom(50, 10_000),
    semantics: fc.constantFrom('at-least-once' as const, 'at-least-once' as const, 'at-most-once' as const),
    batchSize: fc.constantFrom(1, 1, 2, 5),
    queueCapacity: fc.constantFrom(5, 7, 30),
    retryCapacity: fc.constantFrom(1, 3, 40),
    storeAtOnce: fc.constantFrom(1, 3, 100),
    storage: fc.array(fc.constantFrom('ok' as const, 'slow' as const, 'later' as const), { maxLength: 6 }),
    breaks: fc.nat(9)
  })
  .map(({ breaks, storage, ...rest }) => ({
    ...rest,
    storage: breaks === 0 ? [...storage, 'never' as const] : storage
  }))

const milliseconds = fc.constantFrom(1, 6, 60, 500, 2_000, 12_000)

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      times: fc.constantFrom(1, 1, 3, 12),
      fates: fc.array(fc.constantFrom(...fateNames, 'ok' as const, 'ok' as const), { maxLength: 4 }),
      tooLarge: fc.nat(9).map(chance => chance === 0),
      records: fc.constantFrom(0, 0, 0, 1, 2)
    })
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'answer all' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), milliseconds }) },
  { weight: 1, arbitrary: fc.constant({ do: 'end' as const }) }
)

const interruption: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('drain' as const), milliseconds: fc.constantFrom(0, 5, 3_000) }),
  fc.record({ do: fc.constant('destroy' as const), which: fc.nat(2) })
)

/** Two of five lists are interrupted somewhere. */
const actions = fc
  .tuple(fc.array(action, { maxLength: 30, size: 'max' }), interruption, fc.nat(30), fc.nat(4))
  .map(([list, breaks, at, chance]) => (chance < 3 ? list : [...list.slice(0, at), breaks, ...list.slice(at)]))

function act(rig: Rig, clock: sinon.SinonFakeTimers, action: Action): void {
  if (action.do === 'write') {
    for (let i = 0; i < action.times; i++) rig.write(action.fates, action.tooLarge, action.records)
  } else if (action.do === 'answer') rig.answer(action.which)
  else if (action.do === 'answer all') rig.answerAll()
  else if (action.do === 'tick') clock.tick(action.milliseconds)
  else if (action.do === 'drain') rig.drain(action.milliseconds)
  else if (action.do === 'destroy') rig.destroy(action.which)
  else if (!rig.http.writableEnded) rig.http.end()
}

function look(rig: Rig, clock: sinon.SinonFakeTimers, { retryCapacity, batchSize, numWriters }: RigOptions): void {
  rig.model.looked(clock.now)
  for (const stream of [rig.http, rig.retry, rig.failover]) {
    const breach = breachOfLaw(stream.stats())
    if (breach !== undefined) throw new Error(breach)
  }
  const { retrying } = rig.http.stats()
  // Beside what it may hold: what stands in Node's buffer of 16 and in the outbox before it, and was under way.
  const most = retryCapacity + (16 + 2 * numWriters) * Math.max(2, batchSize)
  if (retrying > most) throw new Error(`${retrying} wait for their retry, ${most} may`)
  if (rig.model.faults.length > 0) throw new Error(rig.model.faults.join('; '))
}

async function finish(rig: Rig, clock: sinon.SinonFakeTimers, options: RigOptions): Promise<void> {
  if (!rig.http.writableEnded && !rig.http.destroyed) rig.http.end()
  for (let step = 0; !rig.isOver; step++) {
    if (step > 600) throw new Error(`it hangs: ${JSON.stringify(rig.http.stats())}`)
    rig.answerAll()
    await turned()
    clock.tick(step < 20 ? 40 : step < 200 ? 2_500 : 20_000)
    await turned()
    look(rig, clock, options)
  }
}

/** What became of each record. */
function judge(rig: Rig): void {
  const { model, storage, wasStopped, wasDestroyed } = rig
  const stats = rig.http.stats()
  expectOver(stats)
  const stored = model.stored(storage.entries, wasStopped)
  for (const [record, calls] of rig.callbacks) {
    if (calls.length !== 1) model.faults.push(`the callback of ${record} was called ${calls.length} times`)
    const isSafe = model.isAcknowledged(record) || stored.has(record)
    if (calls[0] === 'ok' && !isSafe && !wasDestroyed) model.faults.push(`${record} is lost`)
  }
  for (const [records, outcomes] of rig.settled) {
    // One that was not even accepted is told so by its callback.
    if (outcomes.length === 0 && rig.callbacks.get(records[0]!)![0] === 'failed') continue
    const lacking = records.filter(record => !model.isAcknowledged(record))
    const wanted =
      lacking.length === 0 ? 'delivered' : lacking.every(record => stored.has(record)) ? 'stored' : 'abandoned'
    if (outcomes.length !== 1) model.faults.push(`${records.join()} was settled ${outcomes.length} times`)
    else if (!wasDestroyed && outcomes[0] !== wanted)
      model.faults.push(`${records.join()} was settled as ${outcomes[0]}`)
  }
  if (!wasDestroyed && stats.abandoned > 0) model.faults.push(`${stats.abandoned} are abandoned`)
  if (stats.stored !== stored.size) model.faults.push(`${stats.stored} count as stored, ${stored.size} are`)
  // What is acknowledged while it is cut off is not heard of.
  const acknowledged = model.acknowledged
  if (wasStopped ? stats.delivered > acknowledged : stats.delivered !== acknowledged) {
    model.faults.push(`${stats.delivered} count as delivered, ${acknowledged} are`)
  }
  if (model.faults.length > 0) throw new Error(model.faults.join('; '))
}

/** Everything that is stored goes out, under the keys that it had. */
async function replayAll(rig: Rig, clock: sinon.SinonFakeTimers): Promise<number> {
  const { storage } = rig
  const ids = storage.entries.map(({ id }) => id)
  clock.tick(2_000_000)
  const sender = new ManualSender()
  sender.script = () => undefined
  storage.beforeAppend = () => {}
  const source = replay({ storage, filter: { outcome: ['exhausted', 'ambiguous', 'refused', 'shutdown'] } })
  const http = new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: sender.wrap, batchSize: 3 })
  source.pipe(http).pipe(new FailoverWritable({ storage }))
  let isOver = false
  void http.settled().then(() => (isOver = true))
  for (let step = 0; !isOver; step++) {
    if (step > 300) throw new Error('the replay hangs')
    await turned()
    clock.tick(10)
  }
  await source.settled()
  const sent = sender.sent.map(({ id }) => id)
  if (sent.sort().join() !== ids.sort().join()) throw new Error(`the replay sent ${sent.join()} of ${ids.join()}`)
  if (storage.entries.length > 0) throw new Error(`${storage.entries.length} are left after the replay`)
  return ids.length
}

describe('model', () => {
  hushStalls()

  it('model: the pipeline does what the design says, whatever is done to it', async function () {
    this.timeout(isLong ? 3_600_000 : 120_000)
    const machine = new Machine('model', import.meta.url)
    const counts = { records: 0, delivered: 0, stored: 0, abandoned: 0, replayed: 0 }
    const runs = machine.cases(1_000, 20_000)
    const { random } = Math
    const luck = fc.noShrink(fc.nat())
    const property = fc.asyncProperty(options, actions, luck, async (options, actions, luck) => {
      Math.random = seededRandom(luck)
      const sandbox = sinon.createSandbox()
      const clock = sandbox.useFakeTimers({ now: 1_000, toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
      try {
        const rig = new Rig(options, clock)
        for (const action of actions) {
          act(rig, clock, action)
          await turned()
          look(rig, clock, options)
        }
        await finish(rig, clock, options)
        judge(rig)
        if (!rig.wasDestroyed) counts.replayed += await replayAll(rig, clock)
        const { accepted, delivered, stored, abandoned } = rig.http.stats()
        counts.records += accepted
        counts.delivered += delivered
        counts.stored += stored
        counts.abandoned += abandoned
      } finally {
        sandbox.restore()
        Math.random = random
      }
    })
    const path = process.env.FAST_CHECK_PATH
    const details = await fc.check(property, {
      numRuns: runs,
      seed: machine.seed,
      ...(path === undefined ? {} : { path })
    })
    if (details.failed) {
      const command = `FAST_CHECK_PATH=${details.counterexamplePath} ${machine.command(0).replace(/INDEX=0 /, '')}`
      const reason = String((details.errorInstance as Error | null)?.message)
      throw new Error(`${reason}\n${fc.defaultReportMessage(details)}\nTo repeat it: ${command}`)
    }
    machine.tell({ 'lists of actions': runs, ...counts })
  })
})
