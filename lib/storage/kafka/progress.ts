import { OffsetSet } from './offset-set.ts'

/** Where in a partition an entry is: its message, and which of the message's values it is. */
export interface Place {
  readonly partition: number
  readonly offset: number
  readonly index: number
  /** How many values the message has. */
  readonly of: number
  /** Which topic of its name it is, where that is known. */
  readonly topic?: string | undefined
}

/** What is committed for a partition: everything below `offset` is settled, `metadata` says what is beyond it. */
export interface Commit {
  readonly offset: number
  readonly metadata: string
  /** `false` when something that is settled did not fit. */
  readonly isWhole: boolean
}

/** The broker's default for `offset.metadata.max.bytes` is 4096. */
const metadataBytes = 4_000
const mark = 'spillway1 '

/**
 * What is settled of a partition: everything below `base`, of what comes later the offsets in a set, and single values of
 * messages that have several.
 *
 * The offset that the group commits is `base`. The set goes into the text that Kafka keeps beside it, as alternating lengths
 * of what is not and what is settled, so that another process knows it too.
 */
export class Progress {
  readonly #settled = new OffsetSet()
  readonly #partly = new Map<number, Set<number>>()
  #base: number

  constructor(base: number) {
    this.#base = base
  }

  /** As it was committed. A text that is not ours says nothing about what is beyond the offset. */
  static of(offset: number, metadata: string | null): Progress {
    const progress = new Progress(offset)
    if (metadata?.startsWith(mark) !== true) return progress
    const [runs = '', partly = ''] = metadata.slice(mark.length).split(' ')
    progress.#readRuns(Buffer.from(runs, 'base64'))
    for (const each of partly.split(',').filter(text => text !== '')) {
      const [past = NaN, ...indexes] = each.split('.').map(Number)
      if (Number.isSafeInteger(past)) progress.#partly.set(offset + past, new Set(indexes))
    }
    return progress
  }

  get base(): number {
    return this.#base
  }

  /** How many runs of settled offsets stand apart from what is below `base`. */
  get runs(): number {
    return this.#settled.runs
  }

  run(index: number): readonly [start: number, end: number] {
    return this.#settled.run(index)
  }

  isSettled({ offset, index }: Pick<Place, 'offset' | 'index'>): boolean {
    return this.isPast(offset) || this.#partly.get(offset)?.has(index) === true
  }

  /** Whether the whole message is settled. */
  isPast(offset: number): boolean {
    return offset < this.#base || this.#settled.has(offset)
  }

  settle({ offset, index, of }: Omit<Place, 'partition' | 'topic'>): void {
    if (this.isPast(offset)) return
    if (of > 1) {
      const values = this.#partly.get(offset) ?? new Set()
      this.#partly.set(offset, values.add(index))
      if (values.size < of) return
    }
    this.#partly.delete(offset)
    this.#settled.add(offset)
    this.#advance()
  }

  /** Everything below `offset` is settled, or is not there any more. */
  pass(offset: number): void {
    this.skip(this.#base, offset)
  }

  /** There is nothing to settle from `start` to before `end`: transaction markers, say. */
  skip(start: number, end: number): void {
    if (end <= this.#base) return
    this.#settled.add(Math.max(start, this.#base), end)
    this.#advance()
  }

  /** Whether some values of the message are settled, and some not. */
  isPartly(offset: number): boolean {
    return this.#partly.has(offset)
  }

  /** The offset below which half of the runs are. */
  get middle(): number {
    return this.#settled.runs === 0 ? this.#base : this.#settled.run(this.#settled.runs >>> 1)[0]
  }

  /** The offsets below `end` that are not settled. */
  *open(end: number): Generator<number> {
    let next = this.#base
    for (let i = 0; i < this.#settled.runs && next < end; i++) {
      const [start, after] = this.#settled.run(i)
      for (; next < Math.min(start, end); next++) yield next
      next = after
    }
    for (; next < end; next++) yield next
  }

  commit(limit = metadataBytes): Commit {
    const partly = this.#partlyText()
    const room = Math.floor(((limit - mark.length - partly.length - 1) * 3) / 4) - 3
    const { bytes, isWhole } = this.#runsIn(Math.max(0, room))
    const isPlain = bytes.length === 0 && partly === ''
    const metadata = isPlain ? '' : `${mark}${Buffer.from(bytes).toString('base64')}${partly && ` ${partly}`}`
    return { offset: this.#base, metadata, isWhole }
  }

  #advance(): void {
    if (this.#settled.runs === 0 || this.#settled.run(0)[0] > this.#base) return
    this.#base = this.#settled.run(0)[1]
    this.#settled.dropBelow(this.#base)
    for (const offset of this.#partly.keys()) if (offset < this.#base) this.#partly.delete(offset)
  }

  #runsIn(room: number): { bytes: number[]; isWhole: boolean } {
    const bytes: number[] = []
    let from = this.#base
    for (let i = 0; i < this.#settled.runs; i++) {
      const [start, end] = this.#settled.run(i)
      const before = bytes.length
      pushLength(bytes, start - from)
      pushLength(bytes, end - start)
      if (bytes.length > room) return { bytes: bytes.slice(0, before), isWhole: false }
      from = end
    }
    return { bytes, isWhole: true }
  }

  #readRuns(bytes: Buffer): void {
    const lengths = lengthsIn(bytes)
    let from = this.#base
    for (let i = 0; i + 1 < lengths.length; i += 2) {
      const start = from + lengths[i]!
      from = start + lengths[i + 1]!
      if (from > start) this.#settled.add(start, from)
    }
  }

  #partlyText(): string {
    const texts: string[] = []
    let left = metadataBytes / 4
    for (const [offset, indexes] of this.#partly) {
      const text = [offset - this.#base, ...indexes].join('.')
      left -= text.length + 1
      if (left < 0) break
      texts.push(text)
    }
    return texts.join(',')
  }
}

// Seven bits a byte, the lowest first, as Kafka's own variable lengths.
function pushLength(bytes: number[], length: number): void {
  for (; length >= 128; length = Math.floor(length / 128)) bytes.push((length % 128) + 128)
  bytes.push(length)
}

function lengthsIn(bytes: Uint8Array): number[] {
  const lengths: number[] = []
  let length = 0
  let factor = 1
  for (const byte of bytes) {
    length += (byte % 128) * factor
    factor *= 128
    if (byte >= 128) continue
    lengths.push(length)
    length = 0
    factor = 1
  }
  return lengths
}
