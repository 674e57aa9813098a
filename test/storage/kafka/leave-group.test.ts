import { createRequire } from 'node:module'
import { expect } from 'chai'
import { type Broker, readingAnswers } from '../../../lib/storage/kafka/cluster.ts'

interface Exchange {
  readonly request: { readonly apiName: string; readonly apiVersion: number }
  readonly response: { decode(answer: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> }
}

describe('An answer to a member that leaves its group', () => {
  const response = createRequire(import.meta.url)(
    'kafkajs/src/protocol/requests/leaveGroup/v3/response.js'
  ) as Exchange['response']

  /** With an error of the group, and one of its member `m`. */
  function answer(group: number, member: number): Buffer {
    const bytes = Buffer.alloc(4 + 2 + 4 + 3 + 2 + 2)
    bytes.writeInt16BE(group, 4)
    bytes.writeInt32BE(1, 6)
    bytes.writeInt16BE(1, 10)
    bytes.write('m', 12)
    bytes.writeInt16BE(-1, 13)
    bytes.writeInt16BE(member, 15)
    return bytes
  }

  /** As kafkajs reads an answer, by way of a broker. */
  async function read(bytes: Buffer): Promise<unknown> {
    const send = async ({ response }: Exchange): Promise<unknown> => response.parse(await response.decode(bytes))
    // As it is there: a method of its class.
    const connectionPool: { send: typeof send } = Object.create({ send })
    readingAnswers({ connectionPool } as unknown as Broker)
    return connectionPool.send({ request: { apiName: 'LeaveGroup', apiVersion: 3 }, response })
  }

  it('is an error when it has one of the group, of the member, or both, which nobody has to catch elsewhere', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      await read(answer(0, 0))
      for (const [group, member, expected] of [
        [16, 0, 'NOT_COORDINATOR_FOR_GROUP'],
        [0, 25, 'UNKNOWN_MEMBER_ID'],
        [16, 25, 'NOT_COORDINATOR_FOR_GROUP']
      ] as const) {
        const error = await read(answer(group, member)).catch((error: unknown) => error)
        expect(error).to.have.property('type', expected)
      }
      await new Promise(resolve => setImmediate(resolve))
      expect(unhandled).to.deep.equal([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})
