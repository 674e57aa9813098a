import type { Delivery } from '../../delivery.ts'
import { StorageError } from '../../errors.ts'
import { GroupedAppends } from '../remote/grouped-appends.ts'
import { isTooLarge } from './failure.ts'
import { bytesOf, type Message, messageOf } from './message.ts'

export interface MessageGroupsOptions {
  readonly topic: string
  /** Bytes in one message set at most; a larger message goes alone. */
  readonly batchBytes: number
  append(messages: readonly Message[]): Promise<void>
}

/** How long a size that the broker refused is refused here, in milliseconds: somebody may allow it then. */
const rememberedFor = 30_000

interface Sized {
  readonly message: Message
  readonly bytes: number
}

/**
 * Group commit, with messages that are too large taken out of their group.
 *
 * Kafka measures message sets, not messages. One that it does not take is halved down to the messages that are too large
 * alone; the group is tried again then, and `append` refuses the calls that have one of that size, and no other.
 */
export class MessageGroups {
  readonly #options: MessageGroupsOptions
  readonly #groups: GroupedAppends<Sized>
  #refusedFrom = Infinity
  #refusedUntil = 0

  constructor(options: MessageGroupsOptions) {
    this.#options = options
    this.#groups = new GroupedAppends({
      encode: delivery => this.#encode(delivery),
      write: rows => this.#write(rows),
      bytesOf: ({ bytes }) => bytes,
      mostRows: 10_000,
      mostBytes: options.batchBytes,
      atOnce: 2
    })
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#groups.append(deliveries)
  }

  idle(): Promise<void> {
    return this.#groups.idle()
  }

  #encode(delivery: Delivery): Sized {
    const message = messageOf(delivery)
    const bytes = bytesOf(message)
    if (bytes >= this.#refusedFrom && performance.now() < this.#refusedUntil) throw this.#refusal(bytes)
    return { message, bytes }
  }

  async #write(rows: readonly Sized[]): Promise<void> {
    try {
      await this.#options.append(rows.map(({ message }) => message))
    } catch (error) {
      if (!isTooLarge(error) || rows.length === 1) throw error
      const refused = await this.#writeApart(rows)
      if (refused.length > 0) throw this.#mixedError(Math.min(...refused))
    }
  }

  /** The sizes of those that are too large alone. */
  async #writeApart(rows: readonly Sized[]): Promise<number[]> {
    const middle = Math.ceil(rows.length / 2)
    const refused: number[] = []
    for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
      try {
        await this.#options.append(half.map(({ message }) => message))
      } catch (error) {
        if (!isTooLarge(error)) throw error
        if (half.length > 1) refused.push(...(await this.#writeApart(half)))
        else refused.push(half[0]!.bytes)
      }
    }
    return refused
  }

  #mixedError(bytes: number): StorageError {
    this.#refusedFrom = bytes
    this.#refusedUntil = performance.now() + rememberedFor
    const message = `Cannot append all to the topic ${this.#options.topic}: a message of ${bytes} bytes is too large.`
    return new StorageError('SPW_ERR_STORAGE', message, { retryable: true })
  }

  #refusal(bytes: number): StorageError {
    const message = `The topic ${this.#options.topic} does not take a message of ${bytes} bytes: see its max.message.bytes.`
    return new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false })
  }
}
