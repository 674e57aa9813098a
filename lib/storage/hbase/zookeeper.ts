import { connect, type Socket } from 'node:net'
import { StorageError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { noAnswer } from './failure.ts'
import { Frames } from './frames.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

const getData = 4
const closeSession = -11
const noNode = -101
const mostBytes = 4 * 1024 * 1024
const longestFarewell = 1_000

/**
 * The data of these nodes, from the first server of the quorum that answers; `undefined` for a node that is not there. One short
 * session: HBase's addresses are asked for seldom. Rejects with an `HBaseFailure`, or a `StorageError` when it is no ZooKeeper.
 */
export async function nodesOf(
  quorum: readonly Address[],
  paths: readonly string[],
  signal: AbortSignal,
  patience: number
): Promise<Array<Buffer | undefined>> {
  const failures: string[] = []
  let wrong: StorageError | undefined
  for (const address of quorum) {
    signal.throwIfAborted()
    try {
      return await ask(address, paths, signal, patience / quorum.length)
    } catch (error) {
      if (error instanceof StorageError) wrong = error
      failures.push(`${address.host}:${address.port} ${messageOf(error)}`)
    }
  }
  if (wrong !== undefined && failures.length === 1) throw wrong
  throw noAnswer(`no server of zookeeper.quorum answers: ${failures.join('; ')}`)
}

function ask(
  { host, port }: Address,
  paths: readonly string[],
  signal: AbortSignal,
  patience: number
): Promise<Array<Buffer | undefined>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const frames = new Frames(mostBytes)
    const found: Array<Buffer | undefined> = []
    let isSession = false
    const end = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (error === undefined) leave(socket)
      else socket.destroy()
      if (error === undefined) resolve(found)
      else reject(error)
    }
    const abort = (): void => end(noAnswer('was given up'))
    const timer = setTimeout(() => end(noAnswer(`gave no answer within ${Math.round(patience)} ms`)), patience)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', error => end(noAnswer(messageOf(error), error)))
    socket.on('close', () => end(noAnswer('closed the connection')))
    socket.on('connect', () => socket.write(connectRequest()))
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const answer of frames.add(chunk)) {
          if (isSession) found.push(dataIn(answer))
          else {
            if (answer.length < 36) throw new RangeError(`an answer of ${answer.length} bytes`)
            isSession = true
            paths.forEach((path, i) => socket.write(getDataRequest(i + 1, path)))
          }
          if (found.length === paths.length) return end()
        }
      } catch (error) {
        end(isSession && !(error instanceof RangeError) ? (error as Error) : noZooKeeper(host, port, chunk))
      }
    })
  })
}

// It ends the connection when it has heard that the session is over; one that does not is left all the same.
function leave(socket: Socket): void {
  socket.end(frame(header(0, closeSession)))
  const timer = setTimeout(() => socket.destroy(), longestFarewell)
  socket.once('close', () => clearTimeout(timer))
}

const noZooKeeper = (host: string, port: number, got: Buffer): StorageError =>
  new StorageError(
    'SPW_ERR_STORAGE',
    `zookeeper.quorum: ${host}:${port} must be a ZooKeeper server, got an answer that begins with ${JSON.stringify(got.toString('latin1', 0, 16))}.`,
    { retryable: false }
  )

function connectRequest(): Buffer {
  // Version 0, nothing seen so far, a session of 10 s, no session to go on with, an empty password, not read-only.
  const body = Buffer.alloc(45)
  body.writeInt32BE(10_000, 12)
  body.writeInt32BE(16, 24)
  return frame(body)
}

function getDataRequest(xid: number, path: string): Buffer {
  const name = Buffer.from(path)
  const length = Buffer.alloc(4)
  length.writeInt32BE(name.length)
  return frame(Buffer.concat([header(xid, getData), length, name, Buffer.from([0])]))
}

function header(xid: number, operation: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(xid, 0)
  bytes.writeInt32BE(operation, 4)
  return bytes
}

function frame(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function dataIn(answer: Buffer): Buffer | undefined {
  const error = answer.readInt32BE(12)
  if (error === noNode) return undefined
  if (error !== 0) throw noAnswer(`answered with error ${error}`)
  const length = answer.readInt32BE(16)
  return answer.subarray(20, 20 + Math.max(length, 0))
}
