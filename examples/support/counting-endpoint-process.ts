import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Be down for so many milliseconds; or report on the ids from 0 up to this one. */
export type Command = { readonly hangUp: number } | { readonly report: number }

/** What an endpoint says of the ids that it was asked for. */
export interface Report {
  /** Ids that never came. */
  readonly missing: number
  /** Records that had come before: an answer of this endpoint got lost, so they were sent again. */
  readonly again: number
  /** Ids that it was not asked for. */
  readonly unknown: number
  /** Requests that were answered with 503. */
  readonly refused: number
}

/** `counting-endpoint.ts`, running. */
export class CountingEndpoint {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}/flights`
  }

  /** `failing` is the share of requests that get a 503. */
  static async start(failing: number): Promise<CountingEndpoint> {
    const script = fileURLToPath(new URL('counting-endpoint.ts', import.meta.url))
    const child = fork(script, [String(failing)], { execArgv: ['--import', 'tsx'] })
    const [port] = (await once(child, 'message')) as [number]
    return new CountingEndpoint(child, port)
  }

  hangUp(milliseconds: number): void {
    this.#send({ hangUp: milliseconds })
  }

  async report(records: number): Promise<Report> {
    this.#send({ report: records })
    const [report] = (await once(this.#child, 'message')) as [Report]
    return report
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  #send(command: Command): void {
    this.#child.send(command)
  }
}
