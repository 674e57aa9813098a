import { setTimeout } from 'node:timers/promises'
import { Connection } from '../remote/connection.ts'
import { withDeadline } from '../remote/deadline.ts'
import type { Cluster } from './cluster.ts'
import { endedWithin } from './ended-within.ts'
import { isDisconnect, rootOf, storageError } from './failure.ts'

export interface ClusterCallsOptions {
  /** What it is for, in messages: 'kafka topic x'. */
  readonly name: string
  /** Milliseconds for a call. */
  readonly timeout: number
  /** Makes a cluster and connects it. */
  readonly open: () => Promise<Cluster>
}

export interface CallOptions {
  readonly timeout?: number
  /** Whether the one who calls knows better what to do about this error than to try again. @default none */
  isOwn?: (error: unknown) => boolean
}

const firstPause = 50
const longestPause = 1_000

/**
 * Calls to brokers that come and go: connects on first use and anew after a failure, asks again where the leaders are, and
 * tries until the deadline what may pass.
 */
export class ClusterCalls {
  readonly #timeout: number
  readonly #connection: Connection<Cluster>

  constructor({ name, timeout, open }: ClusterCallsOptions) {
    this.#timeout = timeout
    this.#connection = new Connection({ name, open, close: cluster => cluster.disconnect() })
  }

  /** What `work` gives. Rejects with a `StorageError`; `what` completes its message: 'read the topic x'. */
  async call<T>(what: string, work: (cluster: Cluster) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { timeout = this.#timeout, isOwn = () => false } = options
    const until = performance.now() + timeout
    try {
      return await withDeadline(timeout, what, async signal => {
        for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
          try {
            return await this.#connection.use(cluster => this.#recovering(cluster, work))
          } catch (error) {
            const isOver = signal.aborted || performance.now() + pause > until
            if (isOver || isOwn(error) || !storageError(what, error).retryable) throw error
            await setTimeout(pause)
          }
        }
      })
    } catch (error) {
      throw storageError(what, error)
    }
  }

  close(): Promise<void> {
    return endedWithin(this.#timeout, () => this.#connection.close())
  }

  async #recovering<T>(cluster: Cluster, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    try {
      return await work(cluster)
    } catch (error) {
      if (isDisconnect(error)) this.#connection.forget(cluster)
      else if (rootOf(error).retriable === true) await cluster.refreshMetadata().catch(() => undefined)
      throw error
    }
  }
}
