/** What a child is to do: attempts that fail until the record has been tried `attempts` times, in rounds. */
export interface MemoryTask {
  readonly url: string
  readonly folder: string
  /** Records a round. */
  readonly records: number
  /** Of each record, of which the last one is let through; 0 leaves it to the endpoint which fails. */
  readonly attempts: number
  readonly rounds: number
  /** Milliseconds in all; no further round begins after that. */
  readonly atMost: number
}

/** How it was when nothing was under way, with all that can be collected collected. */
export interface Census {
  /** Bytes. */
  readonly heap: number
  readonly rss: number
  readonly listeners: number
  /** What keeps a process alive, by its kind: sockets, timers. */
  readonly resources: Readonly<Record<string, number>>
  /** The most of a kind that was seen while it worked. */
  readonly most: Readonly<Record<string, number>>
  readonly retries: number
}
