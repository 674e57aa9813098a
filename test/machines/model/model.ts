import type { Semantics } from '../../../lib/http/failure.ts'
import type { Entry } from '../../../lib/storage/storage.ts'
import { type FateName, fateOf } from './fates.ts'

/** What the model has to know of the options. */
export interface ModelOptions {
  readonly numWriters: number
  readonly retries: number
  readonly minDelay: number
  readonly maxDelay: number
  readonly timeout: number
  readonly semantics: Semantics
}

/** A delivery as the endpoint, and the storage, came to know it. */
interface Known {
  readonly records: readonly string[]
  /** Attempts that count. */
  attempts: number
  budget: number
  /** Under way; to be tried again; to be sent in halves; over, with this outcome; delivered. */
  state: 'open' | 'retry' | 'split' | 'over' | 'delivered'
  outcome: string
  startedAt: number
  notBefore: number
}

/**
 * What the design says of the whole pipeline, without its streams, queues and timers: which attempts may be made and when, and
 * where each record must end. It is told what happens; what must not happen is in `faults`.
 */
export class Model {
  readonly faults: string[] = []
  readonly #options: ModelOptions
  readonly #deliveries = new Map<string, Known>()
  /** The delivery that a record was sent in first. */
  readonly #takenBy = new Map<string, string>()
  readonly #acknowledged = new Set<string>()
  #open = 0
  #heldUntil = 0
  /** What the endpoint asked for in answers that nobody has heard yet. */
  #asked = 0
  /** No attempt may start any more. */
  stopped = false

  constructor(options: ModelOptions) {
    this.#options = options
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  sent(id: string, records: readonly string[], now: number): void {
    const known = this.#deliveries.get(id) ?? this.#partOf(id, records) ?? this.#first(id, records)
    if (this.stopped) this.#fault(`${id} is sent after the drain`)
    if (now < this.#heldUntil) this.#fault(`${id} is sent ${this.#heldUntil - now} ms too early for the endpoint`)
    if (known.state !== 'retry') this.#fault(`${id} is sent while it is ${known.state} (${known.outcome})`)
    if (now < known.notBefore) this.#fault(`${id} is sent ${known.notBefore - now} ms too early`)
    if (known.records.join() !== records.join()) this.#fault(`${id} is sent with other records`)
    if (++this.#open > this.#options.numWriters) this.#fault(`${this.#open} are under way at once`)
    known.state = 'open'
    known.startedAt = now
  }

  /** How often it was sent in vain. */
  attemptsOf(id: string): number {
    return this.#deliveries.get(id)?.attempts ?? 0
  }

  answered(id: string, name: FateName, now: number): void {
    const known = this.#deliveries.get(id)!
    this.#open--
    if (name === 'timeout' && now < known.startedAt + this.#options.timeout) this.#fault(`${id} is cut off too early`)
    const fate = fateOf(name, this.#options.semantics)
    if (fate === undefined) {
      known.state = 'delivered'
      for (const record of known.records) this.#acknowledge(record)
      return
    }
    const counts = fate.isAttempt === false ? 0 : 1
    known.attempts += counts
    known.budget = Math.min(known.budget - counts, fate.budget ?? Infinity)
    known.outcome = fate.outcome
    if (fate.hold !== undefined) this.#asked = Math.max(this.#asked, now + fate.hold)
    const isLast = !fate.retried || known.attempts > this.#options.retries || known.budget <= 0
    known.state = fate.splits === true && known.records.length > 1 ? 'split' : isLast ? 'over' : 'retry'
    known.notBefore = now + Math.max(fate.hold ?? 0, this.#shortest(known.attempts))
  }

  /** All answers have been heard by now. No attempt that is under way may be older than the timeout. */
  looked(now: number): void {
    this.#heldUntil = this.#asked
    for (const [id, { state, startedAt }] of this.#deliveries) {
      if (state === 'open' && now > startedAt + this.#options.timeout + 1) this.#fault(`${id} is not cut off`)
    }
  }

  /** Judges what is stored at the end. `wasStopped`: whether it was drained, or broke, so that not all was tried. */
  stored(entries: readonly Entry[], wasStopped: boolean): Set<string> {
    const storedRecords = new Set<string>()
    for (const entry of entries) {
      this.#storedEntry(entry, wasStopped)
      for (const record of entry.envelope.records as readonly string[]) {
        if (storedRecords.has(record)) this.#fault(`${record} is stored twice`)
        if (this.#acknowledged.has(record)) this.#fault(`${record} is stored and was acknowledged`)
        storedRecords.add(record)
      }
    }
    return storedRecords
  }

  /** Where a record that was accepted is, when it is neither stored nor abandoned. */
  isAcknowledged(record: string): boolean {
    return this.#acknowledged.has(record)
  }

  #storedEntry({ id, version, envelope }: Entry, wasStopped: boolean): void {
    const known = this.#deliveries.get(id) ?? this.#unsent(id, envelope.records as readonly string[])
    const wants = known.state === 'over' ? [known.outcome] : wasStopped ? ['shutdown', 'ambiguous'] : ['nowhere']
    if (!wants.includes(envelope.outcome)) this.#fault(`${id} is stored as ${envelope.outcome}, not ${wants.join()}`)
    if (version !== 1) this.#fault(`${id} is stored as version ${version}`)
    if (known.records.join() !== (envelope.records as string[]).join())
      this.#fault(`${id} is stored with other records`)
    if (envelope.attempts !== known.attempts) {
      this.#fault(`${id} is stored with ${envelope.attempts} attempts, not ${known.attempts}`)
    }
  }

  #acknowledge(record: string): void {
    if (this.#acknowledged.has(record)) this.#fault(`${record} was sent again after it was acknowledged`)
    this.#acknowledged.add(record)
  }

  /** The floor of the delay: a quarter of the bound that doubles. */
  #shortest(attempts: number): number {
    const { minDelay, maxDelay } = this.#options
    return Math.min(maxDelay, minDelay * 2 ** Math.max(attempts - 1, 0)) / 4
  }

  #first(id: string, records: readonly string[]): Known {
    for (const record of records) {
      const other = this.#takenBy.get(record)
      if (other !== undefined) this.#fault(`${record} is sent in ${id} and was in ${other}`)
      this.#takenBy.set(record, id)
    }
    return this.#add(id, records, 0, Infinity)
  }

  #unsent(id: string, records: readonly string[]): Known {
    const known = this.#partOf(id, records) ?? this.#first(id, records)
    return known
  }

  /** A half of what was too large. */
  #partOf(id: string, records: readonly string[]): Known | undefined {
    const whole = /\.[01]$/.test(id) ? this.#deliveries.get(id.slice(0, -2)) : undefined
    if (whole === undefined) return undefined
    const middle = Math.ceil(whole.records.length / 2)
    const half = id.endsWith('0') ? whole.records.slice(0, middle) : whole.records.slice(middle)
    if (whole.state !== 'split' || half.join() !== records.join()) this.#fault(`${id} is no half of what was too large`)
    return this.#add(id, records, whole.attempts - 1, whole.budget)
  }

  #add(id: string, records: readonly string[], attempts: number, budget: number): Known {
    const known: Known = { records, attempts, budget, state: 'retry', outcome: 'new', startedAt: 0, notBefore: 0 }
    this.#deliveries.set(id, known)
    return known
  }

  #fault(fault: string): void {
    this.faults.push(fault)
  }
}
