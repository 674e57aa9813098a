/** A request as it came over the wire. Header names are in lower case. */
export class ServerRequest {
  readonly method: string
  readonly path: string
  /** Which connection of the server it came on, from 0. */
  readonly connection: number
  /** Which request of the server it is, from 0. */
  number = -1
  /** Empty until the whole body is there. */
  body: Buffer = Buffer.alloc(0)
  /** When its head was there, by the monotonic clock. */
  readonly at = performance.now()
  readonly #head: string
  #lowerHead: string | undefined
  #headers: Record<string, string> | undefined

  constructor(head: string, connection: number) {
    const space = head.indexOf(' ')
    this.method = head.slice(0, space)
    this.path = head.slice(space + 1, head.indexOf(' ', space + 1))
    this.connection = connection
    this.#head = head
  }

  get text(): string {
    return this.body.toString()
  }

  /** Parsed when asked for: an endpoint that only counts never does. A repeated header is joined by `, `. */
  get headers(): Record<string, string> {
    if (this.#headers !== undefined) return this.#headers
    const headers: Record<string, string> = Object.create(null)
    for (const line of this.#head.split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      const value = line.slice(colon + 1).trim()
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    }
    return (this.#headers = headers)
  }

  /** One header without parsing the others. */
  header(name: string): string | undefined {
    this.#lowerHead ??= this.#head.toLowerCase()
    const start = this.#lowerHead.indexOf(`\r\n${name}:`)
    if (start < 0) return undefined
    const end = this.#head.indexOf('\r\n', start + 2)
    return this.#head.slice(start + name.length + 3, end < 0 ? undefined : end).trim()
  }
}

export interface ParserHooks {
  /** The head is there, of the body nothing yet. `true`: the rest of the connection is not to be parsed. */
  head?(request: ServerRequest): boolean
  request(request: ServerRequest): void
}

/** Cuts the bytes of one connection into requests. Bodies go by `content-length`; a chunked one is an error. */
export class RequestParser {
  readonly #connection: number
  readonly #hooks: ParserHooks
  #rest: Buffer = Buffer.alloc(0)
  #request: ServerRequest | undefined
  #chunks: Buffer[] = []
  #missing = 0
  #stopped = false

  constructor(connection: number, hooks: ParserHooks) {
    this.#connection = connection
    this.#hooks = hooks
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = bytes.subarray(0, 0)
    while (bytes.length > 0 && !this.#stopped) {
      const taken = this.#request === undefined ? this.#readHead(bytes) : this.#readBody(bytes)
      if (taken === 0) {
        this.#rest = bytes
        return
      }
      bytes = bytes.subarray(taken)
    }
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return 0
    const request = new ServerRequest(bytes.toString('latin1', 0, end), this.#connection)
    if (request.header('transfer-encoding') !== undefined) throw new Error('A chunked request was not expected.')
    this.#request = request
    this.#chunks = []
    this.#missing = Number(request.header('content-length') ?? 0)
    if (this.#hooks.head?.(request)) this.#stopped = true
    else if (this.#missing === 0) this.#complete()
    return end + 4
  }

  #readBody(bytes: Buffer): number {
    const part = bytes.subarray(0, this.#missing)
    this.#chunks.push(part)
    this.#missing -= part.length
    if (this.#missing === 0) this.#complete()
    return part.length
  }

  #complete(): void {
    const request = this.#request!
    this.#request = undefined
    request.body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#hooks.request(request)
  }
}
