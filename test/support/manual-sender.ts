import type { Delivery } from '../../lib/delivery.ts'
import type { DeliveryError } from '../../lib/errors.ts'
import { verdict, verdictRules } from '../../lib/http/response.ts'
import type { Sender } from '../../lib/http/sender.ts'

/** An attempt that the test has not answered yet. */
export interface OpenAttempt {
  readonly delivery: Delivery
  readonly signal: AbortSignal
  ok(): void
  fail(error: unknown): void
}

/** A Sender whose attempts stay open until the test answers them: `wrapSender: () => sender`. */
export class ManualSender implements Sender {
  /** Not answered, oldest first. */
  readonly open: OpenAttempt[] = []
  /** All that was sent, oldest first. */
  readonly sent: Delivery[] = []
  /** Answers at once instead: with an error, or `undefined` for a success. Without it attempts stay open. */
  script: ((delivery: Delivery, attempt: number) => unknown) | undefined
  /** The most that were open at once. */
  mostOpen = 0

  /** `wrapSender` of an `HttpWritable`. */
  readonly wrap = (): Sender => this

  send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    this.sent.push(delivery)
    const failure = this.script?.(delivery, this.sent.length)
    if (failure !== undefined) return Promise.reject(failure)
    if (this.script !== undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const leave = (): void => void this.open.splice(this.open.indexOf(attempt), 1)
      const attempt: OpenAttempt = {
        delivery,
        signal,
        ok: () => (leave(), resolve()),
        fail: error => (leave(), reject(error))
      }
      this.open.push(attempt)
      this.mostOpen = Math.max(this.mostOpen, this.open.length)
    })
  }

  /** The records of the attempts that are open. */
  get openRecords(): unknown[] {
    return this.open.map(({ delivery }) => delivery.records.join())
  }

  /** The records of all that was sent. */
  get sentRecords(): unknown[] {
    return this.sent.map(({ records }) => records.join())
  }

  okAll(): void {
    for (const attempt of [...this.open]) attempt.ok()
  }

  failAll(error: unknown): void {
    for (const attempt of [...this.open]) attempt.fail(error)
  }
}

/** The error that an answer with this status makes, for so many records. */
export function answered(status: number, headers: Readonly<Record<string, string>> = {}, records = 1): DeliveryError {
  const rules = verdictRules({ successCode: '2xx', maxRetryAfter: 300_000 })
  const error = verdict(status, headers, records, rules)
  if (error === undefined) throw new Error(`${status} is a success.`)
  return error
}
