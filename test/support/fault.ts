import type { Exchange, Fault } from './fault-server.ts'

export type AnswerHeaders = Readonly<Record<string, string | number | readonly string[]>>

/** The bytes of an answer, with the `content-length` of its body unless another length or coding is given. */
export function answerText(status: number | string, headers: AnswerHeaders = {}, body = 'ok'): string {
  const names = Object.keys(headers).map(name => name.toLowerCase())
  const framed = names.includes('content-length') || names.includes('transfer-encoding')
  const bodiless = status === 204 || status === 304
  const length = framed || bodiless ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map(item => `${name}: ${item}`))
  return [`HTTP/1.1 ${status} X`, ...lines, ...length, '', bodiless ? '' : body].join('\r\n')
}

/** Answers as a server should. */
export function answer(status: number, headers: AnswerHeaders = {}, body = 'ok'): Fault {
  const text = answerText(status, headers, body)
  return ({ socket }) => void socket.write(text, 'latin1')
}

/** Writes these bytes, whatever they are, and then goes on, closes or resets. */
export function raw(bytes: string | Buffer, then: 'stay' | 'close' | 'reset' = 'stay'): Fault {
  return ({ socket }) => {
    if (then === 'close') return void socket.end(bytes)
    socket.write(bytes, () => {
      // Time for the bytes to arrive: a reset throws away what the receiver has not read.
      if (then === 'reset') setTimeout(() => socket.resetAndDestroy(), 20)
    })
  }
}

/** Nothing, ever. */
export const never = (): Fault => () => {}

/** RST once the whole request is there. */
export const resetAfterRequest =
  (): Fault =>
  ({ socket }) =>
    void socket.resetAndDestroy()

/** FIN once the whole request is there. */
export const closeAfterRequest =
  (): Fault =>
  ({ socket }) =>
    void socket.end()

/** RST once the head is there, with the body unread. */
export const resetAfterHead = (): Fault => atHead(({ socket }) => void socket.resetAndDestroy())

/** Reads the head and then nothing more, so that the window closes. */
export const stopReading = (): Fault => atHead(({ socket }) => void socket.pause())

/** Acts when the body has not been read yet; nothing more is read of the connection unless `act` does. */
export function atHead(act: (exchange: Exchange) => void): Fault {
  return Object.assign((exchange: Exchange) => act(exchange), { atHead: true })
}

/** Writes `text` a byte at a time, and from its end on `again`, if given, for ever. */
export function drip(text: string, every: number, again = ''): Fault {
  return ({ socket }) => {
    let at = 0
    const timer = setInterval(() => {
      const tail = again.length === 0 ? '' : again[(at - text.length) % again.length]!
      const byte = at < text.length ? text[at]! : tail
      at++
      if (byte === '') clearInterval(timer)
      else socket.write(byte, 'latin1')
    }, every)
    socket.on('close', () => clearInterval(timer))
  }
}

/** Writes only the first `bytes` bytes of an answer and then cuts the connection. */
export function cutAfter(bytes: number, text: string, how: 'close' | 'reset' = 'reset'): Fault {
  return raw(Buffer.from(text, 'latin1').subarray(0, bytes), how)
}

/** The first request gets the first fault, the second the second, all after the list the last one, or `after`. */
export function scripted(faults: readonly Fault[], after = faults.at(-1)!): Fault {
  let next = 0
  return exchange => (faults[next++] ?? after)(exchange)
}

/** Answers `status` to a share of the requests, chosen by a seeded generator, and 200 to the others. */
export function flaky(rate: number, status = 503, random = seededRandom(1)): Fault {
  const ok = answer(200)
  const no = answer(status)
  return exchange => (random() < rate ? no : ok)(exchange)
}

/** Holds all answers until the test lets them go. */
export class HeldAnswers {
  readonly waiting: Exchange[] = []

  readonly fault: Fault = exchange => void this.waiting.push(exchange)

  /** Answers the oldest one, or those for which `which` says so. */
  release(with_ = answer(200), which?: (exchange: Exchange) => boolean): void {
    const released = which === undefined ? this.waiting.slice(0, 1) : this.waiting.filter(which)
    for (const exchange of released) {
      this.waiting.splice(this.waiting.indexOf(exchange), 1)
      with_(exchange)
    }
  }

  releaseAll(with_ = answer(200)): void {
    this.release(with_, () => true)
  }
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
