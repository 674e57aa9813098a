import type { Agent } from 'undici'
import { locationIn } from './answers.ts'
import { type Answer, ask } from './exchange.ts'
import { HdfsError } from './hdfs-error.ts'
import type { NameNode } from './name-nodes.ts'
import { followed } from './redirect-policy.ts'
import { remoteError } from './remote-exception.ts'
import { urlPath } from './url-path.ts'
import type { WebHdfsOptions } from './web-hdfs.ts'

type Parameters = Readonly<Record<string, string | number | boolean>>

/** One try of a call, on one NameNode. */
export class Call {
  readonly #options: WebHdfsOptions
  readonly #nameNode: NameNode
  readonly #agent: Agent
  readonly #signal: AbortSignal
  readonly #what: string
  readonly #without: ReadonlySet<string>

  constructor(
    options: WebHdfsOptions,
    nameNode: NameNode,
    agent: Agent,
    signal: AbortSignal,
    what: string,
    without: ReadonlySet<string>
  ) {
    this.#options = options
    this.#nameNode = nameNode
    this.#agent = agent
    this.#signal = signal
    this.#what = what
    this.#without = without
  }

  /** What `read` finds in the JSON that the NameNode answers, `undefined` when it answers nothing. */
  async json<T>(
    method: string,
    path: string,
    parameters: Parameters,
    read: (answer: unknown) => T | undefined
  ): Promise<T> {
    const answer = await this.#asked(method, path, parameters)
    if (answer.status !== 200) throw this.#refused(answer)
    const found = read(this.#parsed(answer))
    if (found === undefined) throw this.#refused({ ...answer, status: 404 })
    return found
  }

  /** Asks where to go, and goes there. An old HttpFS gives what is to be read at once. */
  async redirected(
    method: string,
    path: string,
    parameters: Parameters,
    go: (url: URL, signal: AbortSignal) => Promise<Answer>
  ): Promise<Answer> {
    const without: Parameters = this.#without.size === 0 ? {} : { excludedatanodes: [...this.#without].join(',') }
    const answer = await this.#asked(method, path, { ...parameters, ...without, noredirect: true })
    if (method === 'GET' && isData(answer)) return answer
    const url = followed(this.#location(answer), this.#nameNode.base, this.#options)
    const done = await go(url, this.#signal).catch((error: unknown) => this.#notThere(url, error))
    if (done.status !== 200 && done.status !== 201) throw this.#refused(done, url.host)
    return done
  }

  #asked(method: string, path: string, parameters: Parameters): Promise<Answer> {
    const { user, token } = this.#options
    const url = new URL(this.#nameNode.base + urlPath(path))
    const who = token !== undefined ? { delegation: token } : user === undefined ? {} : { 'user.name': user }
    for (const [name, value] of Object.entries({ ...parameters, ...who })) url.searchParams.set(name, String(value))
    return ask(url, method, this.#agent, this.#signal).catch((error: unknown) => this.#notThere(url, error, false))
  }

  // By a redirect, or, where the server knows `noredirect`, in the answer.
  #location(answer: Answer): string {
    const { status, headers } = answer
    if (status === 307 && typeof headers.location === 'string') return headers.location
    const location = status === 200 ? locationIn(this.#parsed(answer)) : undefined
    if (typeof location !== 'string') throw this.#refused(answer)
    return location
  }

  #parsed(answer: Answer): unknown {
    const text = textOf(answer)
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch {
      throw this.#refused({ ...answer, status: 404 })
    }
  }

  #refused(answer: Answer, server = this.#nameNode.name): HdfsError {
    const { status, headers } = answer
    const { token = '' } = this.#options
    const said = textOf(answer, 65_536)
    // Whoever stands in between may quote the question.
    const body = token === '' ? said : said.replaceAll(token, '***')
    return remoteError(this.#what, server, { status, headers, body })
  }

  #notThere(url: URL, error: unknown, isDataNode = true): never {
    if (!(error instanceof HdfsError)) throw error
    const { message, retryable, elsewhere, isOpen, cause } = error
    const dataNode = isDataNode && !isOpen ? { dataNode: url.hostname } : {}
    throw new HdfsError(`Cannot ${this.#what}: ${message}`, { retryable, elsewhere, isOpen, cause, ...dataNode })
  }
}

const isData = ({ status, headers }: Answer): boolean =>
  status === 200 && String(headers['content-type']).startsWith('application/octet-stream')

const textOf = ({ parts }: Answer, most?: number): string => Buffer.concat(parts).toString('utf8', 0, most)
