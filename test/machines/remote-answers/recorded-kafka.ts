import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { Frames } from '../../../lib/storage/hbase/frames.ts'
import { LoopbackServer } from '../../support/loopback-server.ts'
import { framesIn } from './frames-in.ts'
import { type Address, apisWithAddresses, headOf, kafkaAnswer, kindOf, withAddress } from './kafka-frames.ts'

interface Recorded {
  /** Of the broker that was recorded. */
  readonly address: Address
  /** The bodies of the answers to the requests of one kind. */
  readonly answers: Readonly<Record<string, readonly string[]>>
}

const recorded = JSON.parse(readFileSync(new URL('./recorded/kafka.json', import.meta.url), 'utf8')) as Recorded

/** What is done to an answer: its body may be changed, or all its bytes. */
export interface KafkaTamper {
  body(bytes: Buffer): Buffer
  /** Nothing is answered when there are no bytes; the connection ends after those that have an end. */
  frame(bytes: Buffer): { readonly bytes: Buffer; readonly isEnd: boolean } | undefined
}

const asRecorded: KafkaTamper = { body: bytes => bytes, frame: bytes => ({ bytes, isEnd: false }) }

/** A broker whose answers are those of a real one to requests of the same kinds, in the same order. */
export class RecordedKafka extends LoopbackServer {
  tamper: KafkaTamper = asRecorded
  readonly #requests = new Map<string, number>()

  constructor() {
    super(socket => this.#serve(socket))
  }

  #serve(socket: Socket): void {
    const requests = new Frames(1e8)
    socket.on('data', chunk => {
      for (const request of framesIn(requests, chunk, socket)) {
        const answer = this.#answer(request)
        const tampered = answer === undefined ? undefined : this.tamper.frame(answer)
        if (tampered?.isEnd === true) socket.end(tampered.bytes)
        else if (tampered !== undefined) socket.write(tampered.bytes)
      }
    })
  }

  #answer(request: Buffer): Buffer | undefined {
    const head = headOf(request)
    const { apiKey, correlationId } = head
    const kind = kindOf(head)
    const answers = recorded.answers[kind]
    if (answers === undefined) return undefined
    const nth = this.#requests.get(kind) ?? 0
    this.#requests.set(kind, nth + 1)
    const body = Buffer.from(answers[Math.min(nth, answers.length - 1)]!, 'base64')
    const own = { host: '127.0.0.1', port: this.port }
    const placed = apisWithAddresses.includes(apiKey) ? withAddress(body, recorded.address, own) : body
    return kafkaAnswer(correlationId, this.tamper.body(placed))
  }
}
