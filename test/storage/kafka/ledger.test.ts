import { expect } from 'chai'
import kafkajs from 'kafkajs'
import type { Appender } from '../../../lib/storage/kafka/appender.ts'
import type { Broker, Cluster } from '../../../lib/storage/kafka/cluster.ts'
import { Ledger } from '../../../lib/storage/kafka/ledger.ts'
import { Membership } from '../../../lib/storage/kafka/membership.ts'
import type { Place } from '../../../lib/storage/kafka/progress.ts'
import type { Extent, TopicLog } from '../../../lib/storage/kafka/topic-log.ts'

const { AssignerProtocol } = kafkajs
const topic = 't'
const place = (offset: number): Place => ({ partition: 0, offset, index: 0, of: 1 })
const reading = { passed: () => 0 }

class ProtocolError extends Error {
  override readonly name = 'KafkaJSProtocolError'
  readonly retriable = false
  readonly type: string

  constructor(type: string) {
    super(type)
    this.type = type
  }
}

/** The coordinator of a group that has one other member, which takes the only partition from whoever is taken for dead. */
class Coordinator {
  extent: Extent = { partition: 0, low: 0, high: 100 }
  committed = { offset: -1, metadata: '' as string | null }
  commits = 0
  topicId: string | undefined = 'one'
  /** What the next member gets. */
  assignment: number[] = [0]
  /** Runs before each commit. */
  beforeCommit: () => void | Promise<void> = () => {}
  held: unknown
  #generation = 0
  #member = ''
  #isRebalancing = false

  /** Our session is over. */
  kick(assignment: number[]): void {
    this.#member = ''
    this.assignment = assignment
  }

  rebalance(): void {
    this.#isRebalancing = true
  }

  #check(memberId: string, generation: number): void {
    if (memberId !== this.#member) throw new ProtocolError('UNKNOWN_MEMBER_ID')
    if (generation !== this.#generation) throw new ProtocolError('ILLEGAL_GENERATION')
    if (this.#isRebalancing) throw new ProtocolError('REBALANCE_IN_PROGRESS')
  }

  readonly broker: Partial<Broker> = {
    joinGroup: async ({ memberId, groupProtocols }) => {
      if (memberId !== '' && memberId !== this.#member) throw new ProtocolError('UNKNOWN_MEMBER_ID')
      this.#isRebalancing = false
      this.#member = memberId || `member ${this.#generation}`
      const { userData } = AssignerProtocol.MemberMetadata.decode(groupProtocols[0]!.metadata)!
      this.held = (JSON.parse(userData.toString()) as { held: unknown }).held
      return { generationId: ++this.#generation, leaderId: 'other', memberId: this.#member, members: [] }
    },
    syncGroup: async () => {
      const assignment = { [topic]: this.assignment }
      return {
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment,
          userData: Buffer.alloc(0)
        })
      }
    },
    heartbeat: async ({ memberId, groupGenerationId }) => this.#check(memberId, groupGenerationId),
    leaveGroup: async () => undefined,
    offsetCommit: async ({ memberId, groupGenerationId, topics }) => {
      await this.beforeCommit()
      this.#check(memberId, groupGenerationId)
      for (const { offset, metadata } of topics[0]!.partitions) {
        this.commits++
        this.committed = { offset: Number(offset), metadata }
      }
    }
  }
}

function rig(sessionTimeout = 10_000) {
  const coordinator = new Coordinator()
  const cluster: Partial<Cluster> = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    refreshMetadata: async () => undefined,
    findGroupCoordinator: async () => coordinator.broker as Broker
  }
  const log = {
    topic,
    identity: async () => coordinator.topicId,
    extents: async () => [coordinator.extent],
    committed: async () => new Map([[0, coordinator.committed]]),
    deleteBefore: async () => undefined,
    close: async () => undefined
  } as unknown as TopicLog
  const ledger = new Ledger({
    log,
    groupId: 'g',
    appender: { close: async () => undefined } as unknown as Appender,
    close: () => undefined,
    join: seams =>
      new Membership({
        topic,
        groupId: 'g',
        sessionTimeout,
        timeout: 1_000,
        protocol: AssignerProtocol,
        open: async () => cluster as Cluster,
        ...seams
      })
  })
  return { coordinator, ledger }
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('It did not fail.'),
    (error: unknown) => error
  )

describe('Ledger', () => {
  it('commits nothing of a partition that another has by now', async () => {
    const { coordinator, ledger } = rig()
    await ledger.beginReading(reading)
    ledger.claim(place(5), reading)
    // The other one has settled more, and has committed that.
    coordinator.kick([])
    coordinator.committed = { offset: 50, metadata: '' }
    expect(await failureOf(ledger.settle([place(5)]))).to.include({ code: 'SPW_ERR_STORAGE_LOCKED' })
    expect(coordinator.committed.offset).to.equal(50)
    ledger.endReading(reading)
    await ledger.close()
  })

  it('settles in what it has got back when it was taken for dead in between', async () => {
    const { coordinator, ledger } = rig()
    await ledger.beginReading(reading)
    ledger.claim(place(0), reading)
    coordinator.kick([0])
    coordinator.committed = { offset: 0, metadata: '' }
    await ledger.settle([place(0)])
    await ledger.settle([place(1)])
    expect(coordinator.committed.offset).to.equal(2)
    ledger.endReading(reading)
    await ledger.close()
  })

  it('keeps the partition of which it is committing in a rebalance', async () => {
    const { coordinator, ledger } = rig()
    await ledger.settle([place(0)])
    coordinator.beforeCommit = () => {
      coordinator.beforeCommit = () => {}
      coordinator.rebalance()
    }
    await ledger.settle([place(1)])
    expect(coordinator.held).to.deep.equal([0])
    expect(coordinator.committed.offset).to.equal(2)
    await ledger.close()
  })

  it('knows what was settled beyond the end that a reader saw before', async () => {
    const { coordinator, ledger } = rig()
    const seen = { partition: 0, low: 0, high: 10 }
    coordinator.committed = { offset: 50, metadata: '' }
    expect((await ledger.progressOf([seen])).get(0)!.base).to.equal(50)
    await ledger.close()
  })

  it('knows nothing of a commit for an earlier topic of that name', async () => {
    const { coordinator, ledger } = rig()
    coordinator.extent = { partition: 0, low: 0, high: 10 }
    coordinator.committed = { offset: 50, metadata: '' }
    expect((await ledger.progressOf([coordinator.extent])).get(0)!.base).to.equal(0)
    await ledger.close()
  })

  it('settles nothing in a topic that was made anew by what was read of the old one', async () => {
    const { coordinator, ledger } = rig()
    await ledger.beginReading(reading)
    ledger.claim({ ...place(5), topic: 'one' }, reading)
    coordinator.topicId = 'two'
    await ledger.settle([{ ...place(0), topic: 'one' }])
    expect(coordinator.commits).to.equal(0)
    expect(ledger.claim({ ...place(6), topic: 'one' }, reading)).to.equal(false)
    expect(ledger.claim({ ...place(5), topic: 'two' }, reading)).to.equal(true)
    await ledger.settle([{ ...place(0), topic: 'two' }])
    expect(coordinator.committed.offset).to.equal(1)
    coordinator.topicId = undefined
    await ledger.settle([{ ...place(1), topic: 'two' }])
    expect(coordinator.committed.offset, 'where ids are not known').to.equal(2)
    ledger.endReading(reading)
    await ledger.close()
  })

  it('gives nothing after it stood still for a session, before it has asked whether it is taken for dead', async () => {
    const { coordinator, ledger } = rig(100)
    await ledger.beginReading(reading)
    expect(ledger.isSure).to.equal(true)
    coordinator.kick([])
    for (const end = performance.now() + 120; performance.now() < end;);
    expect(ledger.isSure).to.equal(false)
    await ledger.confirm()
    expect(ledger.isSure).to.equal(true)
    expect(ledger.claim(place(0), reading)).to.equal(false)
    ledger.endReading(reading)
    await ledger.close()
  })
})
