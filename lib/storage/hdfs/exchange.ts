import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { type Dispatcher, request } from 'undici'
import { codeOf } from '../file/failure.ts'
import { HdfsError } from './hdfs-error.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body, in the parts that it came in. */
  readonly parts: readonly Buffer[]
}

// Nothing of it was sent.
const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT'
])
// Milliseconds after which a server that does not say "continue" gets the body all the same.
const patience = 1_000

/** One request that has no body, and its whole answer. */
export async function ask(url: URL, method: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<Answer> {
  try {
    const { statusCode, headers, body } = await request(url, { method: method as 'GET', dispatcher, signal })
    return { status: statusCode, headers, parts: (await body.toArray()) as Buffer[] }
  } catch (cause) {
    throw unanswered(url, cause)
  }
}

/**
 * The writing step. By node:http: a DataNode always says `100 Continue`, on which undici breaks off. It says so once it has
 * made the file, so that whoever waits for it hears why a file cannot be made, instead of a connection that breaks.
 */
export function put(url: URL, body: Uint8Array, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      expect: '100-continue'
    }
    const putting = send(url, { method: 'PUT', headers, agent: false, signal })
    sendBodyLater(putting, body)
    putting.on('response', response => {
      void received(response)
        .then(resolve, (cause: unknown) => reject(unanswered(url, cause)))
        // A body that was not wanted is never sent.
        .finally(() => putting.destroy())
    })
    putting.on('error', cause => reject(unanswered(url, cause)))
  })
}

function sendBodyLater(putting: ClientRequest, body: Uint8Array): void {
  const timer = setTimeout(() => putting.end(body), patience)
  putting.once('continue', () => {
    clearTimeout(timer)
    putting.end(body)
  })
  for (const over of ['response', 'error', 'close']) putting.once(over, () => clearTimeout(timer))
}

async function received(response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = response
  return { status: statusCode, headers, parts: [await buffer(response)] }
}

function unanswered(url: URL, cause: unknown): HdfsError {
  const code = codeOf(cause) ?? (cause as Error).name
  const isOpen = !notSent.has(code)
  const hint = code === 'ENOTFOUND' ? ' (the name of an HA nameservice must be given as its NameNodes)' : ''
  return new HdfsError(`${url.host} cannot be reached: ${code}${hint}`, {
    retryable: true,
    elsewhere: true,
    isOpen,
    cause
  })
}
