import type { FetchedMessage } from './cluster.ts'
import { typeOf } from './failure.ts'
import { type Origin, orderOf, type Unread, unreadIn } from './message.ts'
import type { Chunk, Extent, TopicLog } from './topic-log.ts'

/** What one message holds. */
export interface Taken {
  readonly offset: number
  readonly unread: readonly Unread[]
}

/**
 * A place in a partition, which goes on to the end of its extent, a chunk ahead of what is taken.
 *
 * It has messages, is empty, so that it must `load`, or is done.
 */
export class Cursor {
  readonly partition: number
  readonly #log: TopicLog
  readonly #origin: Origin
  readonly #end: number
  readonly #skip: (start: number, end: number) => void
  #position: number
  #messages: readonly FetchedMessage[] = []
  #at = 0
  #order: number | undefined
  #ahead: Promise<Chunk | undefined> | undefined

  /** `skip` is told of offsets where there is nothing. */
  constructor(log: TopicLog, { partition, low, high }: Extent, skip: (start: number, end: number) => void) {
    this.#log = log
    this.#origin = { topic: log.topic, partition }
    this.#skip = skip
    this.partition = partition
    this.#position = low
    this.#end = high
  }

  get isEmpty(): boolean {
    return this.#at >= this.#messages.length
  }

  get isDone(): boolean {
    return this.isEmpty && this.#position >= this.#end
  }

  /** When the next message was appended. */
  get order(): number {
    return (this.#order ??= orderOf(this.#messages[this.#at]!))
  }

  async load(): Promise<void> {
    while (this.isEmpty && this.#position < this.#end) {
      const chunk = await (this.#ahead ?? this.#fetch())
      const { messages, next } = chunk ?? { messages: [], next: this.#end }
      if (chunk !== undefined && messages.length < next - this.#position) this.#skipBetween(messages, next)
      this.#position = next
      this.#messages = messages
      this.#at = 0
      this.#ahead = undefined
      if (next < this.#end) this.#fetchAhead()
    }
  }

  take(): Taken {
    const message = this.#messages[this.#at++]!
    this.#order = undefined
    const offset = Number(message.offset)
    return { offset, unread: unreadIn(message, this.#origin) }
  }

  #skipBetween(messages: readonly FetchedMessage[], next: number): void {
    let from = this.#position
    for (const { offset } of messages) {
      if (Number(offset) > from) this.#skip(from, Number(offset))
      from = Number(offset) + 1
    }
    if (next > from) this.#skip(from, next)
  }

  #fetchAhead(): void {
    this.#ahead = this.#fetch()
    // Whoever loads it is told.
    this.#ahead.catch(() => undefined)
  }

  /** `undefined` when the rest is not there: what will be appended in its place must not count as settled. */
  async #fetch(): Promise<Chunk | undefined> {
    const from = this.#position
    try {
      return await this.#log.fetch(this.partition, from, this.#end)
    } catch (error) {
      if (typeOf(error) !== 'OFFSET_OUT_OF_RANGE') throw error
      return this.#afterDeleted(from)
    }
  }

  // Deleted meanwhile, because all of it was settled; or the topic was, or a new leader has not all that the old one had.
  async #afterDeleted(from: number): Promise<Chunk | undefined> {
    const extents = await this.#log.extents()
    const low = extents?.find(({ partition }) => partition === this.partition)?.low
    return low !== undefined && low > from ? { messages: [], next: low } : undefined
  }
}
