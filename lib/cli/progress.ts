import { type Options, SingleBar } from 'cli-progress'
import type { Stats } from '../account.ts'
import { tell } from './standard-streams.ts'

/** How far a command is. */
export interface Snapshot {
  readonly stats: Stats
  /** Of the input, in any unit; without a total only the counts are shown. */
  readonly done: number
  readonly total: number | undefined
}

export interface Progress {
  end(): void
}

const barEvery = 200
const lineEvery = 5_000

/**
 * Shows progress on standard error until it is ended: a bar with rate and remaining time on a terminal, else a line every 5
 * seconds.
 */
export function showProgress(look: () => Snapshot): Progress {
  return process.stderr.isTTY ? new Bar(look) : new Lines(look)
}

class Bar implements Progress {
  readonly #look: () => Snapshot
  readonly #bar: SingleBar
  readonly #timer: NodeJS.Timeout
  readonly #rate = new Rate()

  constructor(look: () => Snapshot) {
    this.#look = look
    const { total } = look()
    this.#bar = new SingleBar(barOptions(total !== undefined))
    this.#bar.start(total ?? 0, 0, this.#payload(look().stats))
    this.#timer = setInterval(() => this.#update(), barEvery)
    this.#timer.unref()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#update()
    this.#bar.stop()
  }

  #update(): void {
    const { stats, done, total } = this.#look()
    this.#bar.update(Math.min(done, total ?? done), this.#payload(stats))
  }

  #payload(stats: Stats): object {
    return { counts: countsOf(stats), rate: grouped(this.#rate.of(settledIn(stats))) }
  }
}

function barOptions(hasTotal: boolean): Options {
  return {
    format: hasTotal
      ? '{bar} {percentage} %  {rate}/s  ETA {eta_formatted}  {counts}'
      : '{rate}/s  {duration_formatted}  {counts}',
    barsize: 20,
    stream: process.stderr,
    hideCursor: true,
    stopOnComplete: false,
    // On SIGINT there is still work to be shown.
    gracefulExit: false
  }
}

class Lines implements Progress {
  readonly #timer: NodeJS.Timeout

  constructor(look: () => Snapshot) {
    const rate = new Rate()
    this.#timer = setInterval(() => tell(statusLine(look(), rate)), lineEvery)
    this.#timer.unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

function statusLine({ stats, done, total }: Snapshot, rate: Rate): string {
  const share = total === undefined || total === 0 ? '' : ` ${Math.floor((100 * done) / total)} % read,`
  return `${share} ${countsOf(stats)}, ${grouped(rate.of(settledIn(stats)))}/s`.trimStart()
}

/** Records a second since it was asked last. */
class Rate {
  #at = performance.now()
  #count = 0

  of(count: number): number {
    const now = performance.now()
    const rate = (count - this.#count) / Math.max(0.001, (now - this.#at) / 1000)
    this.#at = now
    this.#count = count
    return Math.round(rate)
  }
}

const settledIn = ({ delivered, stored, abandoned }: Stats): number => delivered + stored + abandoned

const grouped = (count: number): string => count.toLocaleString('en-US')

function countsOf({ delivered, stored, retrying, storing, waiting, inFlight }: Stats): string {
  const open = waiting + inFlight + retrying + storing
  return `${grouped(delivered)} delivered, ${grouped(stored)} stored, ${grouped(open)} under way`
}
