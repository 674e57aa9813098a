import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { ClusterCalls } from '../../../lib/storage/kafka/cluster-calls.ts'
import { reportOf } from '../../../lib/storage/kafka/report.ts'
import { Sockets } from '../../../lib/storage/kafka/sockets.ts'
import { until, within } from '../../support/waiting.ts'

describe('closing what is connected to Kafka', () => {
  const never = (): Promise<never> => new Promise(() => {})

  it('waits no longer than its timeout for a broker that lets us wait', async () => {
    const cluster = { disconnect: never, refreshMetadata: async () => undefined }
    const calls = new ClusterCalls({ name: 'k', timeout: 100, open: async () => cluster as never })
    await calls.call('look', async () => undefined)
    await within(calls.close(), 'the end', 2_000)
  })

  it('waits no longer for a call that is never over', async () => {
    const cluster = { disconnect: async () => undefined, refreshMetadata: async () => undefined }
    const calls = new ClusterCalls({ name: 'k', timeout: 100, open: async () => cluster as never })
    await calls.call('look', never).catch(() => undefined)
    await within(calls.close(), 'the end', 2_000)
  })

  it('tells who waits for an answer of a socket that it destroys', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sockets = new Sockets()
    const { port } = server.address() as AddressInfo
    let isConnected = false
    const socket = sockets.connect({ host: '127.0.0.1', port, onConnect: () => (isConnected = true) })
    const errors: Error[] = []
    socket.on('error', error => errors.push(error))
    await until(() => isConnected)
    sockets.destroy()
    await until(() => errors.length > 0)
    server.close()
  })

  it('reports without the configuration that the broker does not tell', async () => {
    const admin = { connect: never, disconnect: async () => undefined }
    const client = { driver: kafkajs, kafka: { admin: () => admin }, close: () => undefined } as never
    const ledger = { log: { topic: 't', extents: async () => [] } } as never
    const { warnings } = await within(reportOf(ledger, client, { reader: {}, timeout: 100 }), 'the report', 2_000)
    expect(warnings).to.have.lengthOf(1)
    expect(warnings[0]).to.include('Whether entries lapse is not known').and.to.include('within 100 ms')
  })
})
