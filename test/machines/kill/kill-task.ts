/** What a child may have under way, and what may wait until its end is written down: so many may come twice after a kill. */
export const limits = { underWay: 8, waiting: 32 } as const

/** Records that one kill may send twice. */
export const twiceAtMost = (batchSize: number): number => limits.underWay * batchSize + limits.waiting

/** What a child is to do. */
export interface KillTask {
  readonly url: string
  readonly folder: string
  /** To replay what is stored, and to store more; or to run with a journal. */
  readonly work: 'replay' | 'journal'
  /** Of the ids of the records that it adds. */
  readonly prefix: string
  /** How many it adds. */
  readonly records: number
  readonly retries: number
  /** How often it goes through what is stored. */
  readonly passes: number
  readonly batchSize: number
  /** Of the journal. */
  readonly sync: 'always' | 'group' | 'interval'
}
