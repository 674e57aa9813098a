import { type Envelope, joinEnvelope } from '../envelope.ts'
import type { Entry } from '../storage.ts'
import { envelopeOfValue } from '../streampark-value.ts'
import type { Claim, Claims } from './claims.ts'
import type { Cell } from './dialect.ts'
import { foreignIdOf } from './foreign-row.ts'

/** The claim of an entry, and where it is kept. */
export interface Claimed {
  readonly claims: Claims
  readonly claim: Claim
}

/** An entry, and its claim if it was read with one. */
export class SqlEntry implements Entry {
  readonly id: string
  readonly version: number
  readonly envelope: Envelope
  readonly #claimed: Claimed | undefined

  constructor(envelope: Envelope, claimed: Claimed | undefined) {
    this.id = envelope.id
    this.version = envelope.version
    this.envelope = envelope
    this.#claimed = claimed
  }

  release(): void {
    this.#claimed?.claims.release(this.#claimed.claim)
  }

  /** It was removed. */
  dropClaim(): void {
    this.#claimed?.claims.drop(this.#claimed.claim)
  }
}

/** The envelope of a row of a page; `undefined` when the row must be read whole, for what it is or how large. */
export function envelopeInPage([position, request, values]: readonly Cell[], table: string): Envelope | undefined {
  if (typeof request !== 'string' || typeof values !== 'string') return undefined
  if (!request.startsWith('{')) {
    const acceptedAt = Number(request)
    return envelopeOfValue(values, { id: foreignIdOf(table, acceptedAt, Number(position)), acceptedAt })
  }
  try {
    return joinEnvelope(request, values)
  } catch {
    return undefined
  }
}

/** The envelope of a row that was read whole. One that was not written by us, or was altered since, is taken as it is. */
export function envelopeOfWhole(cells: readonly Cell[], table: string): Envelope {
  const [position, request, values, timestamp, id, version] = cells
  const acceptedAt = Number(timestamp ?? 0)
  const text = String(values ?? '')
  const foreign = envelopeOfValue(text, {
    id: String(id ?? foreignIdOf(table, acceptedAt, Number(position))),
    acceptedAt
  })
  if (typeof request !== 'string') return foreign
  try {
    return joinEnvelope(request, text)
  } catch {
    // What is refused is left alone by a replay.
    return { ...foreign, version: Number(version ?? 1), outcome: 'refused' }
  }
}
