/** What an oracle counted. Records, except for `requests` and `failed`. */
export interface LedgerStats {
  requests: number
  /** Requests that were answered with a failure on purpose. */
  failed: number
  /** Taken and acknowledged. */
  accepted: number
  /** Taken, but the connection was cut instead of an answer. */
  unanswered: number
  /** Different ids among the taken ones. */
  unique: number
  /** How often an id came again after it was taken. */
  duplicates: number
  /** How many of these came under another idempotency key than the time before. */
  rekeyed: number
  /** Requests in which no id was found. */
  unread: number
  /** Records that have a `proof` that is not their id's: somebody changed them on the way. */
  altered: number
}

/** Which ids came, how often, and under which key: flat arrays, so that a million of them stay small. */
export class Ledger {
  requests = 0
  failed = 0
  accepted = 0
  unanswered = 0
  unread = 0
  altered = 0
  #taken = 0
  #rekeyed = 0
  readonly #places = new Map<string | number, number>()
  #counts = new Uint32Array(1024)
  #keys = new Uint32Array(1024)

  take(id: unknown, key: string | undefined): void {
    const hash = key === undefined ? 0 : hashOf(key)
    const place = this.#placeOf(normal(id))
    if (this.#counts[place]! > 0 && this.#keys[place] !== hash) this.#rekeyed++
    this.#counts[place]!++
    this.#keys[place] = hash
    this.#taken++
  }

  stats(): LedgerStats {
    const { requests, failed, accepted, unanswered, unread, altered } = this
    const unique = this.#places.size
    const counts = { requests, failed, accepted, unanswered, unread, altered }
    return { ...counts, unique, duplicates: this.#taken - unique, rekeyed: this.#rekeyed }
  }

  /** How many of the ids `prefix0` to `prefix<n-1>` never came, and some of them. */
  missing(n: number, prefix = '', samples = 20): { count: number; ids: string[] } {
    const ids: string[] = []
    let count = 0
    for (let i = 0; i < n; i++) {
      if (this.#places.has(normal(`${prefix}${i}`))) continue
      if (ids.length < samples) ids.push(`${prefix}${i}`)
      count++
    }
    return { count, ids }
  }

  /** How often an id came. */
  count(id: unknown): number {
    const place = this.#places.get(normal(id))
    return place === undefined ? 0 : this.#counts[place]!
  }

  #placeOf(id: string | number): number {
    const known = this.#places.get(id)
    if (known !== undefined) return known
    const place = this.#places.size
    this.#places.set(id, place)
    if (place === this.#counts.length) {
      this.#counts = grown(this.#counts)
      this.#keys = grown(this.#keys)
    }
    return place
  }
}

// '17' and 17 are the same id: in a URL's query it is a string.
function normal(id: unknown): string | number {
  if (typeof id === 'number') return id
  const text = String(id)
  return /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : text
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function grown(old: Uint32Array): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(old.length * 2)
  next.set(old)
  return next
}
