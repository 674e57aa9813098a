import type { Socket } from 'node:net'
import { LoopbackServer } from '../../support/loopback-server.ts'
import { bytesOf, type HttpAnswer } from './mutation.ts'

/** What is done to the bytes of an answer; nothing is answered when there are none. */
export type Tamper = (answer: HttpAnswer) => Buffer | undefined

const json = (value: unknown): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value))
})

const failure = (status: number, exception: string): HttpAnswer => ({
  ...json({ RemoteException: { exception, javaClassName: `java.io.${exception}`, message: 'no' } }),
  status
})

interface File {
  readonly content: Buffer
  /** When it was written. */
  readonly at: number
}

/** As much of WebHDFS as the storage uses, in memory, with answers as a NameNode and a DataNode were seen to give them. */
export class SmallHdfs extends LoopbackServer {
  tamper: Tamper = bytesOf
  readonly #files = new Map<string, File>()

  constructor() {
    super(socket => this.#serve(socket))
  }

  get origin(): string {
    return `http://${this.address}`
  }

  #serve(socket: Socket): void {
    let text = Buffer.alloc(0)
    socket.on('data', chunk => {
      text = Buffer.concat([text, chunk])
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.subarray(0, end).toString('latin1')
        const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
        if (/expect: *100/i.test(head) && text.length === end + 4) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        if (text.length < end + 4 + length) return
        const body = Buffer.from(text.subarray(end + 4, end + 4 + length))
        text = text.subarray(end + 4 + length)
        const [method = '', target = ''] = head.split(' ')
        const bytes = this.tamper(this.#answer(method, target, body))
        if (bytes !== undefined) socket.write(bytes)
        // What was changed need not have an end of its own.
        if (bytes === undefined || this.tamper !== bytesOf) socket.end()
      }
    })
  }

  #answer(method: string, target: string, body: Buffer): HttpAnswer {
    let url: URL
    let path: string
    try {
      url = new URL(target, this.origin)
      path = decodeURIComponent(url.pathname.replace('/webhdfs/v1', ''))
    } catch {
      // A redirect that was changed on its way leads anywhere.
      return failure(400, 'IllegalArgumentException')
    }
    const { op, step, offset, length, destination = '' } = Object.fromEntries(url.searchParams)
    if (op === 'LISTSTATUS_BATCH') return this.#list(path)
    if (op === 'GETFILESTATUS') return this.#status(path)
    if (op === 'MKDIRS') return json({ boolean: true })
    if (op === 'DELETE') return json({ boolean: this.#files.delete(path) })
    if (op === 'RENAME') return this.#rename(path, destination)
    if (step === undefined) return json({ Location: `${url.href}&step=2` })
    if (method === 'PUT') {
      this.#files.set(path, { content: body, at: Date.now() })
      return { status: 201, headers: { location: `hdfs://127.0.0.1${path}` }, body: Buffer.alloc(0) }
    }
    const file = this.#files.get(path)
    if (file === undefined) return failure(404, 'FileNotFoundException')
    const part = file.content.subarray(Number(offset), Number(offset) + Number(length))
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: part }
  }

  #rename(from: string, to: string): HttpAnswer {
    const file = this.#files.get(from)
    if (file === undefined) return failure(404, 'FileNotFoundException')
    if (this.#files.has(to)) return failure(403, 'FileAlreadyExistsException')
    this.#files.delete(from)
    this.#files.set(to, file)
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: Buffer.alloc(0) }
  }

  #list(path: string): HttpAnswer {
    const names = new Map<string, object>()
    for (const [filePath, file] of this.#files) {
      if (!filePath.startsWith(`${path}/`)) continue
      const [name = '', ...more] = filePath.slice(path.length + 1).split('/')
      names.set(name, statusOf(name, more.length > 0 ? undefined : file))
    }
    if (names.size === 0) return failure(404, 'FileNotFoundException')
    const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, status]) => status)
    const partialListing = { FileStatuses: { FileStatus: sorted } }
    return json({ DirectoryListing: { partialListing, remainingEntries: 0 } })
  }

  #status(path: string): HttpAnswer {
    const file = this.#files.get(path)
    const isFolder = [...this.#files.keys()].some(other => other.startsWith(`${path}/`))
    if (file === undefined && !isFolder) return failure(404, 'FileNotFoundException')
    return json({ FileStatus: statusOf('', file) })
  }
}

function statusOf(pathSuffix: string, file: File | undefined): object {
  const isFolder = file === undefined
  return {
    pathSuffix,
    type: isFolder ? 'DIRECTORY' : 'FILE',
    length: file?.content.length ?? 0,
    modificationTime: file?.at ?? 0,
    accessTime: 0,
    blockSize: isFolder ? 0 : 134_217_728,
    owner: 'hdfs',
    group: 'supergroup',
    permission: '755',
    replication: isFolder ? 0 : 1,
    fileId: 16_392,
    childrenNum: 0,
    storagePolicy: 0
  }
}
