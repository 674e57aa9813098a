import type { Readable } from 'node:stream'
import type { Secrets } from '../config/secrets.ts'
import { Delivery } from '../delivery.ts'
import { tell } from './standard-streams.ts'

/** So many reasons are told. */
const most = 10

/** Says of what a stream gives on to the storage why it is refused. */
export function tellRefusals(stream: Readable, secrets: Secrets): void {
  const refusals = new Refusals(secrets)
  stream.on('data', delivery => refusals.see(delivery))
}

/** Says why records are refused: what `ls` shows of it is a code. Each reason once. */
export class Refusals {
  readonly #secrets: Secrets
  readonly #told = new Set<string>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Looks at what is on its way to the storage. */
  see(delivery: unknown): void {
    if (!(delivery instanceof Delivery)) return
    const { error } = delivery
    if (error?.outcome !== 'refused' || this.#told.size >= most) return
    const reason = `${error.code}: ${error.message}`
    if (this.#told.has(reason)) return
    this.#told.add(reason)
    tell(this.#secrets.redact(`a record is refused, ${reason}`))
    if (this.#told.size === most) tell('other reasons to refuse a record are not told any more')
  }
}
