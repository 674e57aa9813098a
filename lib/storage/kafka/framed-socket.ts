import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { answerBytes } from './answer-bytes.ts'

/** No answer is as large; what else speaks on this port may look so. */
const largestFrame = 512 * 1024 * 1024
const lengthBytes = 4

/**
 * What kafkajs needs of a socket, giving whole answers only.
 *
 * kafkajs keeps what it has of an answer over a cut, takes the first bytes of the next connection for the rest, and throws
 * where nobody can catch it.
 */
export class FramedSocket extends EventEmitter {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #bytes = 0
  #needed = lengthBytes

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    for (const event of ['end', 'error', 'timeout', 'close']) {
      socket.on(event, (...values: unknown[]) => void (this.listenerCount(event) > 0 && this.emit(event, ...values)))
    }
  }

  write(bytes: Buffer, encoding: BufferEncoding): boolean {
    return this.#socket.write(bytes, encoding)
  }

  end(): void {
    this.#socket.end()
  }

  unref(): void {
    this.#socket.unref()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#needed) return
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    this.#needed = lengthBytes
    while (rest.length >= lengthBytes) {
      const frame = lengthBytes + rest.readInt32BE()
      if (frame < lengthBytes || frame > largestFrame)
        return this.#refuse('what answers is no Kafka broker, or speaks TLS')
      this.#needed = frame
      if (rest.length < frame) break
      if (!this.#give(rest.subarray(0, frame))) return
      rest = rest.subarray(frame)
      this.#needed = lengthBytes
    }
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
  }

  /** Whether whoever takes it could read its head. Nobody else would catch what is thrown then. */
  #give(frame: Buffer): boolean {
    try {
      this.emit('data', answerBytes(frame))
      return true
    } catch {
      this.#refuse('the broker gave an answer that is none')
      return false
    }
  }

  #refuse(why: string): void {
    this.#socket.destroy(new Error(why))
  }
}
