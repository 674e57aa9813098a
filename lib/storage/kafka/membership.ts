import type { AssignerProtocol } from 'kafkajs'
import { assign, heldIn, type MemberState } from './assignment.ts'
import { type Broker, type Cluster, type Joined, readingAnswers } from './cluster.ts'
import { ClusterCalls } from './cluster-calls.ts'
import { isAboutPlace, storageError, typeOf } from './failure.ts'

export interface MembershipOptions {
  readonly topic: string
  readonly groupId: string
  /** Milliseconds after which the group takes a silent member for dead. */
  readonly sessionTimeout: number
  readonly timeout: number
  readonly protocol: typeof AssignerProtocol
  open(): Promise<Cluster>
  /** Partitions that must stay here. */
  readonly held: () => readonly number[]
  /** The partitions of the topic, for the member that shares them out. */
  readonly partitions: () => Promise<readonly number[]>
  /** What is here from now on, and what of it was here before is as it was. */
  assigned(partitions: readonly number[]): Promise<void>
  /** Nothing is here any more: another may have changed all of it. */
  lost(): void
}

/** Everything of a partition below `offset` is settled; `metadata` says more. */
export interface Offset {
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

/** The name under which members of one group agree on how partitions are shared. */
const assignerName = 'spillway'

/**
 * A place in a consumer group: which partitions are ours, as long as we say that we live.
 *
 * It is outside, joining, or in. A member that hears of a rebalance joins again with what it holds, which stays with it. One
 * that was taken for dead has lost everything, and joins as a new one. Reading is not the group's business.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #calls: ClusterCalls
  #memberId = ''
  #generation = -1
  #joining: Promise<void> | undefined
  #isWanted = false
  #timer: NodeJS.Timeout | undefined
  #isBeating = false
  /** Until then, by the monotonic clock, the group does not take us for dead. */
  #aliveUntil = 0

  constructor(options: MembershipOptions) {
    this.#options = options
    const { groupId, timeout } = options
    this.#calls = new ClusterCalls({ name: `kafka group ${groupId}`, timeout, open: () => this.#connected() })
  }

  /** Resolves when it is in, with partitions or without. */
  join(): Promise<void> {
    this.#isWanted = true
    if (this.#generation >= 0 && this.#joining === undefined) return Promise.resolve()
    return this.#rejoin()
  }

  /** Whether what is ours is nobody else's: `false` when nothing was heard of the group for as long as a session lasts. */
  get isSure(): boolean {
    return performance.now() < this.#aliveUntil
  }

  /** Asks the group whether we are taken for dead, and joins again then. */
  async confirm(): Promise<void> {
    if (this.#generation >= 0) await this.#stay()
  }

  /** Joins again, for what is assigned to be looked at anew. */
  async reassign(): Promise<void> {
    await this.#joining?.catch(() => undefined)
    await this.#rejoin()
  }

  /** Commits for partitions that are ours: asked anew for each try, since a place that was lost is another's by then. */
  async commit(offsets: () => readonly Offset[]): Promise<void> {
    const { groupId, topic } = this.#options
    for (let tried = 1; ; tried++) {
      await this.join()
      const generation = this.#generation
      const partitions = offsets().map(each => ({ ...each, offset: String(each.offset) }))
      if (partitions.length === 0) return
      try {
        const request = { groupId, groupGenerationId: generation, memberId: this.#memberId }
        await this.#call('commit to', coordinator =>
          coordinator.offsetCommit({ ...request, topics: [{ topic, partitions }] })
        )
        return
      } catch (error) {
        if (tried >= 3 || !this.#mustRejoin(error, generation)) throw error
        await this.#rejoin()
      }
    }
  }

  /** Gives the partitions back at once. */
  async leave(): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#timer)
    await this.#joining?.catch(() => undefined)
    clearTimeout(this.#timer)
    if (this.#memberId === '') return
    const request = { groupId: this.#options.groupId, memberId: this.#memberId }
    this.#forgetPlace()
    // Without it the group takes us for dead in a while.
    await this.#call('leave', coordinator => coordinator.leaveGroup(request)).catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.leave()
    await this.#calls.close()
  }

  #rejoin(): Promise<void> {
    this.#joining ??= this.#joinAnew().finally(() => {
      this.#joining = undefined
    })
    return this.#joining
  }

  async #joinAnew(): Promise<void> {
    clearTimeout(this.#timer)
    for (let tried = 1; ; tried++) {
      try {
        await this.#joinOnce()
        break
      } catch (error) {
        if (tried < 5 && this.#mustRejoin(error)) continue
        // In, perhaps, but without knowing what is ours.
        this.#generation = -1
        this.#options.lost()
        // It may be what others, or the broker, say of the group.
        throw storageError(`join the group ${this.#options.groupId}`, error)
      }
    }
    this.#beatLater()
  }

  async #joinOnce(): Promise<void> {
    const { groupId, sessionTimeout, topic, protocol, held } = this.#options
    const userData = Buffer.from(JSON.stringify({ held: held() }))
    const metadata = protocol.MemberMetadata.encode({ version: 0, topics: [topic], userData })
    const joined = await this.#call(
      'join',
      coordinator =>
        coordinator.joinGroup({
          groupId,
          sessionTimeout,
          rebalanceTimeout: sessionTimeout,
          memberId: this.#memberId,
          groupProtocols: [{ name: assignerName, metadata }]
        }),
      // A dead member holds the others up for as long as its session lasts.
      sessionTimeout + this.#options.timeout
    )
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const groupAssignment = joined.memberId === joined.leaderId ? await this.#shared(joined) : []
    const place = { groupId, generationId: joined.generationId, memberId: joined.memberId }
    const start = performance.now()
    const synced = await this.#call('join', coordinator => coordinator.syncGroup({ ...place, groupAssignment }))
    const assignment = protocol.MemberAssignment.decode(synced.memberAssignment)?.assignment ?? {}
    await this.#options.assigned(assignment[topic] ?? [])
    this.#aliveUntil = start + sessionTimeout
  }

  async #shared({ members }: Joined): Promise<Array<{ memberId: string; memberAssignment: Buffer }>> {
    const { topic, protocol, partitions } = this.#options
    const states = members.map(({ memberId, memberMetadata }): MemberState => {
      const { userData } = protocol.MemberMetadata.decode(memberMetadata)!
      return { memberId, held: heldIn(userData) }
    })
    return [...assign(states, await partitions())].map(([memberId, own]) => ({
      memberId,
      memberAssignment: protocol.MemberAssignment.encode({
        version: 0,
        assignment: { [topic]: own },
        userData: Buffer.alloc(0)
      })
    }))
  }

  #beatLater(): void {
    clearTimeout(this.#timer)
    if (!this.#isWanted) return
    const { sessionTimeout } = this.#options
    this.#timer = setTimeout(() => void this.#beat(), Math.min(1_000, sessionTimeout / 6))
    this.#timer.unref()
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || !this.#isWanted) return
    this.#isBeating = true
    // What fails is tried again.
    await (this.#generation < 0 ? this.#rejoin() : this.#stay()).catch(() => undefined)
    this.#isBeating = false
    this.#beatLater()
  }

  async #stay(): Promise<void> {
    const { groupId, sessionTimeout } = this.#options
    const generation = this.#generation
    const request = { groupId, groupGenerationId: generation, memberId: this.#memberId }
    const start = performance.now()
    try {
      await this.#call('stay in', coordinator => coordinator.heartbeat(request))
      this.#aliveUntil = start + sessionTimeout
    } catch (error) {
      if (!this.#isWanted || !this.#mustRejoin(error, generation)) throw error
      await this.#rejoin()
    }
  }

  /** Whether joining again helps. What it has lost is forgotten, unless it has another place since it asked. */
  #mustRejoin(error: unknown, generation = this.#generation): boolean {
    if (!isAboutPlace(error)) return false
    if (typeOf(error) !== 'REBALANCE_IN_PROGRESS' && generation === this.#generation) this.#forgetPlace()
    return true
  }

  #forgetPlace(): void {
    this.#memberId = ''
    this.#generation = -1
    this.#options.lost()
  }

  #call<T>(what: string, work: (coordinator: Broker) => Promise<T>, timeout?: number): Promise<T> {
    const { groupId } = this.#options
    return this.#calls.call(
      `${what} the group ${groupId}`,
      async cluster => work(readingAnswers(await cluster.findGroupCoordinator({ groupId }))),
      { isOwn: isAboutPlace, ...(timeout === undefined ? {} : { timeout }) }
    )
  }

  async #connected(): Promise<Cluster> {
    const cluster = await this.#options.open()
    try {
      await cluster.connect()
      await cluster.refreshMetadata()
      return cluster
    } catch (error) {
      await cluster.disconnect().catch(() => undefined)
      throw error
    }
  }
}
