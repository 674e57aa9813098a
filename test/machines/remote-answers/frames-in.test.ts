import { once } from 'node:events'
import { connect } from 'node:net'
import { within } from '../../support/waiting.ts'
import { RecordedHBase } from './recorded-hbase.ts'
import { RecordedKafka } from './recorded-kafka.ts'

describe('framesIn', () => {
  for (const Server of [RecordedKafka, RecordedHBase]) {
    it(`ends a connection of a client that is not its own, of ${Server.name}`, async () => {
      const server = await new Server().listen()
      const client = connect({ host: '127.0.0.1', port: server.port })
      client.on('error', () => undefined)
      client.write('POST /sink HTTP/1.1\r\n\r\n')
      await within(once(client, 'close'), 'the end of the connection', 5_000)
      server.close()
    })
  }
})
