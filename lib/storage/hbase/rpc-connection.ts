import { connect, type Socket } from 'node:net'
import { messageOf } from '../../message-of.ts'
import { exceptionOf, type HBaseFailure, noAnswer } from './failure.ts'
import { Frames } from './frames.ts'
import { BinaryReader, eachField, eachFieldWithin, encoded, writeMessage, writeNumber, writeText } from './protobuf.ts'
import type { Address } from './zookeeper.ts'

interface Call {
  readonly resolve: (answer: BinaryReader) => void
  readonly reject: (failure: HBaseFailure) => void
  readonly timer: NodeJS.Timeout
}

const preamble = Buffer.from([...Buffer.from('HBas'), 0, 80])
const mostBytes = 512 * 1024 * 1024

/**
 * A connection to one HBase server and one of its services, by which any number of calls may be under way.
 *
 * It is being made, open, or broken for good: then every call that waits, and every later one, fails.
 */
export class RpcConnection {
  readonly #name: string
  readonly #socket: Socket
  readonly #calls = new Map<number, Call>()
  readonly #frames = new Frames(mostBytes)
  #lastId = 0
  #lastAnswerAt = 0
  #broken: HBaseFailure | undefined

  constructor(address: Address, service: 'ClientService' | 'MasterService', user: string) {
    this.#name = `${address.host}:${address.port}`
    this.#socket = connect({ ...address, noDelay: true, keepAlive: true })
    this.#socket.on('error', error => this.#break(noAnswer(`${this.#name}: ${messageOf(error)}`, error)))
    this.#socket.on('close', () => this.#break(noAnswer(`${this.#name} closed the connection`)))
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
    const header = encoded(writer => {
      writeMessage(writer, 1, userInformation => writeText(userInformation, 1, user))
      writeText(writer, 2, service)
    })
    this.#socket.write(Buffer.concat([preamble, lengthOf(header.length), header]))
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** Resolves with the answer's message. Rejects with an `HBaseFailure`, at the latest after `timeout` milliseconds. */
  call(method: string, parameter: Uint8Array, timeout: number): Promise<BinaryReader> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    const id = (this.#lastId = (this.#lastId + 1) & 0x7fffffff)
    const header = encoded(writer => {
      writeNumber(writer, 1, id)
      writeText(writer, 3, method)
      writeNumber(writer, 4, 1)
      // A server gives up calls that nobody waits for any more, and ends a long scan in time.
      writeNumber(writer, 7, timeout)
    })
    const headerLength = varint(header.length)
    const parameterLength = varint(parameter.length)
    const length = headerLength.length + header.length + parameterLength.length + parameter.length
    const start = Buffer.concat([lengthOf(length), headerLength, header, parameterLength])
    return new Promise((resolve, reject) => {
      const startedAt = performance.now()
      const timer = setTimeout(() => this.#late(id, method, timeout, startedAt), timeout)
      this.#calls.set(id, { resolve, reject, timer })
      this.#socket.cork()
      this.#socket.write(start)
      this.#socket.write(parameter)
      this.#socket.uncork()
    })
  }

  close(): void {
    this.#break(noAnswer(`the connection to ${this.#name} was closed`))
  }

  #take(chunk: Buffer): void {
    this.#lastAnswerAt = performance.now()
    try {
      for (const answer of this.#frames.add(chunk)) this.#answer(answer)
    } catch (cause) {
      this.#break(noAnswer(`${this.#name} does not speak HBase's protocol: ${messageOf(cause)}`, cause))
    }
  }

  #answer(frame: Buffer): void {
    const reader = new BinaryReader(frame)
    let id: number | undefined
    let failure: HBaseFailure | undefined
    eachFieldWithin(reader, field => {
      if (field === 1) id = reader.uint32()
      else if (field === 2) failure = exceptionIn(reader)
    })
    const call = id === undefined ? undefined : this.#calls.get(id)
    // A fault of the connection itself has no call of ours: a user that is not let in, say.
    if (call === undefined) return failure === undefined ? undefined : this.#break(failure)
    this.#calls.delete(id!)
    clearTimeout(call.timer)
    if (failure !== undefined) return call.reject(failure)
    // Without a result there is no message, not even its length.
    if (reader.pos < reader.len) reader.uint32()
    call.resolve(reader)
  }

  #late(id: number, method: string, timeout: number, startedAt: number): void {
    const failure = noAnswer(`${this.#name} did not answer ${method} within ${Math.round(timeout)} ms`)
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    call?.reject(failure)
    // Nothing at all came in that time: the server is gone without a word, or it stands still.
    if (this.#lastAnswerAt < startedAt) this.#break(failure)
  }

  #break(failure: HBaseFailure): void {
    if (this.#broken !== undefined) return
    this.#broken = failure
    this.#socket.destroy()
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer)
      reject(failure)
    }
    this.#calls.clear()
  }
}

const varint = (value: number): Uint8Array => encoded(writer => writer.uint32(value))

function lengthOf(bytes: number): Buffer {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes)
  return length
}

function exceptionIn(reader: BinaryReader): HBaseFailure {
  let className = ''
  let text = ''
  let doNotRetry = false
  eachFieldWithin(reader, field => {
    if (field === 1) className = reader.string()
    else if (field === 2) text = reader.string()
    else if (field === 5) doNotRetry = reader.bool()
  })
  return exceptionOf(className, text, doNotRetry)
}

/** The fields of an answer. */
export const eachFieldOf = (answer: BinaryReader, take: (field: number, reader: BinaryReader) => unknown): void =>
  eachField(answer, answer.len, take)
