import { expect } from 'chai'
import { type Broker, readingAnswers } from '../../../lib/storage/kafka/cluster.ts'

describe('readingAnswers', () => {
  it('sends all that kafkajs says of a request: how long to wait, and whether an error is to be logged', async () => {
    const sent: object[] = []
    const connectionPool: { send(exchange: object): void } = Object.create({
      send: (exchange: object) => sent.push(exchange)
    })
    readingAnswers({ connectionPool } as unknown as Broker)
    const response = { decode: async () => undefined, parse: async () => undefined }
    for (const [apiName, apiVersion] of [
      ['JoinGroup', 5],
      ['LeaveGroup', 3],
      ['Fetch', 11]
    ] as const) {
      const rest = { request: { apiName, apiVersion }, requestTimeout: 65_000, logResponseError: false }
      connectionPool.send({ ...rest, response })
      expect(sent.pop(), apiName).to.deep.include(rest)
    }
  })
})
