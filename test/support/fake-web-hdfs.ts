import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A step of a call: `CREATE` is what the NameNode is asked, `CREATE data` what the DataNode. */
export interface Step {
  readonly op: string
  readonly path: string
  readonly query: URLSearchParams
}

/**
 * What is done instead of what is asked: an answer; `drop` breaks the connection with nothing done, `lose` when all is done.
 * `undefined`: what is asked.
 */
export type Harm = Answer | 'drop' | 'lose' | undefined

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Node {
  readonly bytes: Buffer | undefined
  at: number
}

/** A WebHDFS server in memory, both NameNode and DataNode, for what a real one cannot be made to do. */
export class FakeWebHdfs {
  readonly nodes = new Map<string, Node>([['/', { bytes: undefined, at: 0 }]])
  readonly steps: Step[] = []
  /** May do harm to a step. */
  harm: (step: Step) => Harm | Promise<Harm> = () => undefined
  /** Its clock. */
  now: () => number = Date.now
  /** Names in a page. */
  pageSize = 1_000
  /** Whether it knows `noredirect`; else it redirects by 307. */
  knowsNoRedirect = true
  /** Whether it says where to read; else it gives what was to be read, as an old HttpFS does. */
  redirectsReading = true
  /** Whether the URL of a DataNode says whom that is to ask; that of a gateway has something encrypted instead. */
  namesRpcAddress = true
  /** Whether it knows LISTSTATUS_BATCH; what it answers when it does not. */
  knowsBatches: true | Answer = true
  /** Whether it knows `startAfter`; else it gives all that is in a folder, as HttpFS does. */
  knowsStartAfter = true
  /** Whether it knows `renameoptions`; else RENAME says `true` or `false`. */
  knowsRenameOptions = true
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response))

  async listen(port = 0): Promise<this> {
    // As a DataNode does: whatever is sent, it says "continue" first.
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue()
      void this.#serve(request, response)
    })
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Paths of files, in order. */
  files(under = '/'): string[] {
    return [...this.nodes]
      .filter(([path, { bytes }]) => bytes !== undefined && path.startsWith(under))
      .map(([path]) => path)
      .sort()
  }

  put(path: string, text: string): void {
    this.#makeFolder(path.slice(0, path.lastIndexOf('/')))
    this.nodes.set(path, { bytes: Buffer.from(text), at: this.now() })
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://fake')
    const query = url.searchParams
    const isData = query.has('data')
    const path = decodeURIComponent(url.pathname.replace('/webhdfs/v1', ''))
    const step = { op: query.get('op')! + (isData ? ' data' : ''), path, query }
    const body = await buffer(request).catch(() => Buffer.alloc(0))
    this.steps.push(step)
    const harm = await this.harm(step)
    if (harm === 'drop') return void request.socket.destroy()
    const answer = typeof harm === 'object' ? harm : isData ? this.#data(step, body) : this.#name(step, url)
    if (harm === 'lose') return void request.socket.destroy()
    response.writeHead(answer.status, answer.headers)
    response.end('bytes' in answer ? (answer as { bytes: Buffer }).bytes : (answer.body ?? ''))
  }

  #name(step: Step, url: URL): Answer {
    const { op, path, query } = step
    if (op === 'OPEN' && !this.redirectsReading) return this.#data({ ...step, op: 'OPEN data' })
    if (op === 'CREATE' || op === 'OPEN') return this.#redirect(step, url)
    if (op === 'MKDIRS') return this.#made(path)
    if (op === 'DELETE') return this.#deleted(path)
    if (op === 'RENAME') return this.#renamed(path, query.get('destination')!)
    if (op === 'LISTSTATUS_BATCH' && this.knowsBatches !== true) return this.knowsBatches
    const node = this.nodes.get(path)
    if (node === undefined) return remote('FileNotFoundException', `File ${path} does not exist.`)
    if (op === 'GETFILESTATUS') return json({ FileStatus: statusOf('', node) })
    if (op === 'LISTSTATUS') return json({ FileStatuses: { FileStatus: this.#statusesIn(path) } })
    return this.#listed(path, query.get('startAfter') ?? '')
  }

  #redirect({ op, path }: Step, url: URL): Answer {
    if (op === 'OPEN' && this.nodes.get(path)?.bytes === undefined)
      return remote('FileNotFoundException', `${path} is not there.`)
    url.searchParams.set('data', 'true')
    if (this.namesRpcAddress) url.searchParams.set('namenoderpcaddress', 'name:8020')
    const location = `http://${this.address}${url.pathname}${url.search}`
    const isAsked = url.searchParams.get('noredirect') === 'true' && this.knowsNoRedirect
    return isAsked ? json({ Location: location }) : { status: 307, headers: { location } }
  }

  #data({ op, path, query }: Step, body = Buffer.alloc(0)): Answer {
    if (op === 'OPEN data') {
      const { bytes } = this.nodes.get(path) ?? {}
      if (bytes === undefined) return remote('FileNotFoundException', `${path} is not there.`)
      const offset = Number(query.get('offset') ?? 0)
      const headers = { 'content-type': 'application/octet-stream' }
      return { status: 200, headers, bytes: bytes.subarray(offset, offset + Number(query.get('length'))) } as Answer
    }
    if (this.nodes.has(path) && query.get('overwrite') !== 'true')
      return remote('FileAlreadyExistsException', `${path} is there.`, 403)
    this.#makeFolder(path.slice(0, path.lastIndexOf('/')))
    this.nodes.set(path, { bytes: body, at: this.now() })
    return { status: 201 }
  }

  #made(path: string): Answer {
    this.#makeFolder(path)
    return json({ boolean: true })
  }

  #deleted(path: string): Answer {
    const isFull = [...this.nodes.keys()].some(other => other.startsWith(`${path}/`))
    if (isFull) return remote('PathIsNotEmptyDirectoryException', `${path} is non empty`, 403)
    return json({ boolean: this.nodes.delete(path) })
  }

  #renamed(from: string, to: string): Answer {
    const node = this.nodes.get(from)
    const parent = this.nodes.get(to.slice(0, to.lastIndexOf('/')))
    const fault =
      node === undefined || parent === undefined
        ? remote('FileNotFoundException', node === undefined ? 'rename source' : 'rename destination parent')
        : this.nodes.has(to)
          ? remote('FileAlreadyExistsException', 'rename destination', 403)
          : undefined
    if (fault !== undefined) return this.knowsRenameOptions ? fault : json({ boolean: false })
    this.nodes.delete(from)
    this.nodes.set(to, node!)
    return this.knowsRenameOptions ? { status: 200 } : json({ boolean: true })
  }

  #listed(path: string, after: string): Answer {
    const all = this.#statusesIn(path)
    const left = this.knowsStartAfter ? all.filter(({ pathSuffix }) => inBytes(pathSuffix, after) > 0) : all
    const FileStatus = this.knowsStartAfter ? left.slice(0, this.pageSize) : left
    const remainingEntries = left.length - FileStatus.length
    return json({ DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries } })
  }

  #statusesIn(path: string): Array<ReturnType<typeof statusOf>> {
    return [...this.nodes]
      .filter(([other]) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes('/'))
      .map(([other, node]) => statusOf(other.slice(path.length + 1), node))
      .sort((one, other) => inBytes(one.pathSuffix, other.pathSuffix))
  }

  #makeFolder(path: string): void {
    if (path === '' || this.nodes.has(path)) return
    this.#makeFolder(path.slice(0, path.lastIndexOf('/')))
    this.nodes.set(path, { bytes: undefined, at: this.now() })
  }
}

/** What a server of Hadoop answers when it does not do what it is asked. */
export function remote(
  exception: string,
  message: string,
  status = exception === 'FileNotFoundException' ? 404 : 403
): Answer {
  return { status, body: JSON.stringify({ RemoteException: { exception, javaClassName: exception, message } }) }
}

const inBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

const json = (value: unknown): Answer => ({ status: 200, body: JSON.stringify(value) })

const statusOf = (pathSuffix: string, { bytes, at }: Node) => ({
  pathSuffix,
  type: bytes === undefined ? 'DIRECTORY' : 'FILE',
  length: bytes?.length ?? 0,
  modificationTime: Math.floor(at)
})
