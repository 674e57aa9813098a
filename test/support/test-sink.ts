import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import type { Stats } from '../../lib/account.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { type HttpOptions, HttpWritable } from '../../lib/http-writable.ts'
import { RetryTransform, type RetryOptions } from '../../lib/retry-transform.ts'
import type { Envelope } from '../../lib/storage/envelope.ts'
import { answer } from './fault.ts'
import type { FaultServer } from './fault-server.ts'
import { EnvelopeStorage } from './envelope-storage.ts'
import { LoopLag } from './loop-lag.ts'

/** `HttpWritable`, `RetryTransform` and `FailoverWritable` in a row, with little patience, and what became of the records. */
export class TestSink {
  readonly storage: EnvelopeStorage
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  readonly #timeout: number
  /** What the pipeline of the three comes to; it never rejects. */
  readonly done: Promise<Error | undefined>

  constructor(http: HttpOptions, retry: RetryOptions = {}, storage = new EnvelopeStorage()) {
    this.storage = storage
    const { timeout = 2_000 } = http
    this.#timeout = timeout
    this.http = new HttpWritable({ ...http, timeout })
    this.retry = new RetryTransform({ retries: 3, minDelay: 1, maxDelay: 5, ...retry })
    this.failover = new FailoverWritable({ storage })
    const through = pipeline(this.http, this.retry, this.failover)
    this.done = through.then(
      () => undefined,
      (error: Error) => error
    )
  }

  get stats(): Stats {
    return this.http.stats()
  }

  get stored(): readonly Envelope[] {
    return this.storage.stored
  }

  /** Writes records and waits until they are settled. The account must add up at every step. */
  async send(...records: unknown[]): Promise<this> {
    for (const record of records) {
      await new Promise<void>((resolve, reject) => {
        this.http.write(record, (error?: Error | null) => (error ? reject(error) : resolve()))
      })
    }
    return this.idle()
  }

  /** Waits until all that was accepted is settled. */
  async idle(): Promise<this> {
    while (unsettled(this.stats) > 0) {
      expectConserved(this.stats)
      const error = await Promise.race([pause(2), this.done])
      if (error) throw error
    }
    expectConserved(this.stats)
    return this
  }

  /** Shows that a fresh record is delivered now, and ends. */
  async recovers(): Promise<void> {
    const { delivered } = this.stats
    for (let tries = 5; (await this.#isSlowed({ id: 'fresh' })) && tries > 0; tries--);
    expect(this.stats.delivered, 'a fresh record is delivered').to.equal(delivered + 1)
    await this.end()
  }

  /** Sends a record; whether it timed out, and the computer stalled for a good part of that time. */
  async #isSlowed(record: unknown): Promise<boolean> {
    const { stored } = this.stats
    const lag = new LoopLag()
    await this.send(record)
    const { total } = lag.end()
    if (this.stats.stored === stored) return false
    return this.stored.at(-1)!.lastError?.code === 'SPW_ERR_TIMEOUT' && total >= this.#timeout / 2
  }

  /** Shows that a fresh record is delivered once the server answers as it should, and ends. */
  async recoversWith(server: FaultServer): Promise<void> {
    server.fault = answer(200)
    server.accept = undefined
    await this.recovers()
  }

  /** Ends, waits, and checks that the account is closed. */
  async end(): Promise<void> {
    this.http.end()
    const error = await this.done
    if (error) throw error
    await this.http.settled()
    expectConserved(this.stats)
    expect(unsettled(this.stats), 'unsettled at the end').to.equal(0)
  }

  /** Ends it in whatever state. */
  async destroy(): Promise<void> {
    this.http.destroy()
    await this.done
    await Promise.all([this.http.settled(), this.retry.settled(), this.failover.settled()])
  }
}

/** The law of the account: every accepted record is in exactly one place. */
export function expectConserved(stats: Stats): void {
  const { accepted, delivered, stored, abandoned, handedBack, refused, ambiguous } = stats
  expect(unsettled(stats) + delivered + stored + abandoned + handedBack, JSON.stringify(stats)).to.equal(accepted)
  expect(refused + ambiguous, 'refused and ambiguous are among the stored').to.be.at.most(stored)
  for (const [name, count] of Object.entries(stats)) expect(count, name).to.be.at.least(0)
}

export function unsettled({ waiting, inFlight, retrying, storing }: Stats): number {
  return waiting + inFlight + retrying + storing
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

/** Waits until `holds`, but not for ever. */
export async function until(holds: () => boolean, what = 'it to happen'): Promise<void> {
  for (const end = performance.now() + 5_000; !holds(); await pause(2)) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`)
  }
}
