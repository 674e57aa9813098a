/** What a child is to do. */
export interface ChaosTask {
  readonly url: string
  readonly folder: string
  readonly seed: number
  /** The first record that is not known to be safe, and how many there are in all. */
  readonly from: number
  readonly records: number
  /** Whether its storages misbehave. */
  readonly faulty: boolean
  readonly retries: number
  /** Whether it replays what is stored, instead. */
  readonly replay: boolean
}
