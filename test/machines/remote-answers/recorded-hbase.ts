import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Frames } from '../../../lib/storage/hbase/frames.ts'
import { LoopbackServer } from '../../support/loopback-server.ts'
import { answerOf, frameIn } from '../../support/rpc-frames.ts'
import { zooKeeperAnswer } from '../../support/zookeeper-answer.ts'
import { framesIn } from './frames-in.ts'

interface Recorded {
  readonly message: string
  readonly exception?: string
}

const recorded = JSON.parse(readFileSync(new URL('./recorded/hbase.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly Recorded[]
>

/** What is done to an answer: its message may be changed, or all its bytes; nothing is answered when there are none. */
export interface HBaseTamper {
  message(bytes: Buffer): Buffer
  exception(): Buffer | undefined
  frame(bytes: Buffer): Buffer | undefined
}

const asRecorded: HBaseTamper = { message: bytes => bytes, exception: () => undefined, frame: bytes => bytes }

/** ZooKeeper and HBase on one port: the answers are those of a real one to the same calls, in the same order. */
export class RecordedHBase extends LoopbackServer {
  tamper: HBaseTamper = asRecorded
  readonly #calls = new Map<string, number>()

  constructor() {
    super(socket => this.#serve(socket))
  }

  #serve(socket: Socket): void {
    const frames = new Frames(1e8)
    let count = 0
    let isRpc: boolean | undefined
    socket.on('data', chunk => {
      isRpc ??= chunk.subarray(0, 4).toString('latin1') === 'HBas'
      const bytes = isRpc && count === 0 ? chunk.subarray(6) : chunk
      for (const frame of framesIn(frames, bytes, socket)) {
        const answer = isRpc ? this.#rpc(frame, count++) : this.#zooKeeper(frame, count++)
        if (answer === undefined) continue
        const tampered = this.tamper.frame(answer)
        if (tampered === undefined) socket.end()
        else socket.write(tampered)
      }
    })
  }

  #zooKeeper(request: Buffer, number: number): Buffer | undefined {
    return zooKeeperAnswer(request, number, this.port, data => this.tamper.message(data))
  }

  #rpc(request: Buffer, count: number): Buffer | undefined {
    // The first one says who calls.
    if (count === 0) return undefined
    const { id, method } = frameIn(request)
    const answers = recorded[method]
    if (answers === undefined) return undefined
    const nth = this.#calls.get(method) ?? 0
    this.#calls.set(method, nth + 1)
    const { message, exception } = answers[Math.min(nth, answers.length - 1)]!
    const text = Buffer.from(message, 'base64')
      .toString('latin1')
      .replaceAll(/127\.0\.0\.1:\d{5}/g, this.address)
    const own = this.tamper.exception()
    if (own !== undefined) return answerOf(id, new Uint8Array(), own)
    const recordedException = exception === undefined ? undefined : Buffer.from(exception, 'base64')
    return answerOf(id, this.tamper.message(Buffer.from(text, 'latin1')), recordedException)
  }
}
