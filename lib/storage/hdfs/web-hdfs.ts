import { setTimeout as pause } from 'node:timers/promises'
import { Agent } from 'undici'
import { withDeadline } from '../remote/deadline.ts'
import { folderIn, pageIn, statusIn, truthIn } from './answers.ts'
import { Call } from './call.ts'
import { type Answer, ask, put } from './exchange.ts'
import { HdfsError, isMissing } from './hdfs-error.ts'
import { behind } from './listing.ts'
import { KnownDataNode } from './known-data-node.ts'
import type { NameNode } from './name-nodes.ts'
import type { RedirectPolicy } from './redirect-policy.ts'

export interface WebHdfsOptions extends RedirectPolicy {
  readonly nameNodes: readonly NameNode[]
  readonly user?: string | undefined
  readonly token?: string | undefined
  readonly timeout: number
}

/** What a server says of a file or a folder. */
export interface FileStatus {
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  readonly length: number
  /** By the NameNode's clock. */
  readonly modificationTime: number
}

/** A part of what is in a folder, by name. */
export interface Page {
  readonly items: readonly FileStatus[]
  readonly isLast: boolean
}

/** How long a call goes on asking when no server can do it: for a moment, or until its deadline. */
export type Patience = 'brief' | 'patient'

const briefTries = 2
const firstPause = 100
const slowPause = 1_000

/**
 * The calls of WebHDFS that the storage is made of. Each has the deadline `timeout`; what one NameNode cannot do the next one
 * is asked for. Everything that fails is a `StorageError`; none has the token in its message.
 */
export class WebHdfs {
  readonly #options: WebHdfsOptions
  readonly #agent: Agent
  readonly #dataNode = new KnownDataNode()
  #current = 0
  #knowsPages = true

  constructor(options: WebHdfsOptions) {
    this.#options = options
    this.#agent = new Agent({ connections: 16, connect: { timeout: options.timeout } })
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  /** What is in a folder behind the name `after`; `undefined` when there is no such folder. */
  async list(path: string, after = ''): Promise<Page | undefined> {
    const what = `list ${path}`
    const page = await (this.#knowsPages ? this.#page(what, path, after) : this.#folder(what, path)).catch(ifMissing)
    if (page === undefined) return undefined
    const left = behind(page, after)
    if (left === undefined) throw this.#goesRound(what)
    return left
  }

  /** `undefined` when it is not there. */
  async status(path: string, patience: Patience = 'patient'): Promise<FileStatus | undefined> {
    const parameters = { op: 'GETFILESTATUS' }
    return this.#call(`look at ${path}`, patience, call => call.json('GET', path, parameters, statusIn)).catch(
      ifMissing
    )
  }

  /** Those above it are made too; one that is there is left as it is. */
  async makeFolder(path: string, patience: Patience = 'brief'): Promise<void> {
    await this.#call(`make ${path}`, patience, call => call.json('PUT', path, { op: 'MKDIRS' }, truthIn))
  }

  /** Gives whether it was there. A folder must be empty. */
  async delete(path: string, patience: Patience = 'patient'): Promise<boolean> {
    const parameters = { op: 'DELETE', recursive: false }
    return this.#call(`delete ${path}`, patience, call => call.json('DELETE', path, parameters, truthIn))
  }

  /**
   * Resolves when the NameNode has closed the file. Both steps are one try: the second one goes where the first one says.
   * A file that is there is overwritten, so that it can be tried again.
   */
  async create(path: string, body: Uint8Array): Promise<void> {
    await this.#call(`write ${path}`, 'patient', call => created(call, path, body))
  }

  /**
   * The same, for a moment, under a name of its own for each try, `<path>.1` and so on, which are put into `tried`; the last one
   * has the file. A try that was given up may reach its DataNode late, and would empty the file.
   */
  async createAnew(path: string, body: Uint8Array, tried: string[]): Promise<void> {
    await this.#call(`write ${path}`, 'brief', call => {
      const name = `${path}.${tried.length + 1}`
      tried.push(name)
      return created(call, name, body)
    })
  }

  /** Some bytes of a file, in parts, fewer at its end; `undefined` when it is not there. */
  async read(path: string, offset: number, length: number): Promise<readonly Buffer[] | undefined> {
    const answer = await this.#call(`read ${path}`, 'patient', async (call, signal) => {
      const known = this.#dataNode.urlOf(path, offset, length)
      const found = known && (await this.#readAt(known, signal))
      return (
        found ?? call.redirected('GET', path, { op: 'OPEN', offset, length }, url => this.#learn(url, path, signal))
      )
    }).catch(ifMissing)
    return answer?.parts
  }

  /** Never over something that is there. What it rejects with says more than a `false`. */
  async rename(from: string, to: string, patience: Patience = 'brief'): Promise<void> {
    const parameters = { op: 'RENAME', destination: to, renameoptions: 'NONE' }
    await this.#call(`rename ${from} to ${to}`, patience, async call => {
      // A server that knows the option answers nothing when it is done; one that does not says no more than this.
      const done = await call.json('PUT', from, parameters, answer => answer === undefined || truthIn(answer))
      if (!done) throw new HdfsError(`Cannot rename ${from} to ${to}.`, { retryable: true, isOpen: true })
    })
  }

  /** `undefined` when the NameNode has to say where else, or what is wrong. */
  async #readAt(url: URL, signal: AbortSignal): Promise<Answer | undefined> {
    const answer = await ask(url, 'GET', this.#agent, signal).catch(() => undefined)
    if (answer?.status === 200) return answer
    this.#dataNode.forget()
    return undefined
  }

  async #learn(url: URL, path: string, signal: AbortSignal): Promise<Answer> {
    const answer = await ask(url, 'GET', this.#agent, signal)
    if (answer.status === 200) this.#dataNode.learn(url, path)
    return answer
  }

  async #page(what: string, path: string, after: string): Promise<Page | undefined> {
    const parameters = { op: 'LISTSTATUS_BATCH', ...(after === '' ? {} : { startAfter: after }) }
    try {
      return await this.#call(what, 'patient', call => call.json('GET', path, parameters, pageIn))
    } catch (error) {
      if (!(error instanceof HdfsError) || error.retryable) throw error
      // Who does not know it says so in words of its own. What is refused for another reason is refused again.
      const page = await this.#folder(what, path).catch(ifMissing)
      this.#knowsPages = false
      return page
    }
  }

  #folder(what: string, path: string): Promise<Page> {
    return this.#call(what, 'patient', call => call.json('GET', path, { op: 'LISTSTATUS' }, folderIn))
  }

  #goesRound(what: string): HdfsError {
    const { name } = this.#options.nameNodes[this.#current]!
    const message = `Cannot ${what}: failover/namenode: ${name} gives names that it was asked to leave out.`
    return new HdfsError(message, { retryable: false })
  }

  async #call<T>(
    what: string,
    patience: Patience,
    attempt: (call: Call, signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const { nameNodes, timeout } = this.#options
    const end = performance.now() + timeout
    return withDeadline(timeout, what, async signal => {
      const without = new Set<string>()
      for (let tried = 1; ; tried++) {
        const at = this.#current
        try {
          return await attempt(new Call(this.#options, nameNodes[at]!, this.#agent, signal, what, without), signal)
        } catch (error) {
          const wait = this.#waitAfter(error, at, tried, patience)
          if (wait === undefined || performance.now() + wait > end || signal.aborted) throw error
          const dataNode = error instanceof HdfsError ? error.dataNode : undefined
          // Where there is no other one, this one has to be asked again.
          if (dataNode === undefined) without.clear()
          else without.add(dataNode)
          await pause(wait, undefined, { signal })
        }
      }
    })
  }

  /** Milliseconds until the next try; `undefined` when there is none. */
  #waitAfter(error: unknown, at: number, tried: number, patience: Patience): number | undefined {
    if (!(error instanceof HdfsError) || !error.elsewhere) return undefined
    const { length } = this.#options.nameNodes
    if (error.dataNode === undefined && this.#current === at) this.#current = (at + 1) % length
    if (patience === 'brief' && tried >= briefTries * length) return undefined
    if (tried % length !== 0) return 0
    return error.slowly ? slowPause : Math.min(slowPause, firstPause * 2 ** Math.floor(tried / length - 1))
  }
}

const created = (call: Call, path: string, body: Uint8Array): Promise<unknown> =>
  call.redirected('PUT', path, { op: 'CREATE', overwrite: true }, (url, signal) => put(url, body, signal))

function ifMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
