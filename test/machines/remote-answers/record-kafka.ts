import { writeFileSync } from 'node:fs'
import net, { type NetConnectOpts, type Socket } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
import { Frames } from '../../../lib/storage/hbase/frames.ts'
import { kafka } from '../../support/servers/kafka-server.ts'
import { headOf, kindOf } from './kafka-frames.ts'

// Writes down what a real Kafka answers, for the machine that changes it: `node --import tsx <this>`.

const answers: Record<string, string[]> = {}
const server = await kafka.launch('tests')
const [host = '', port] = server.address.split(':')
try {
  const connect = net.connect as (options: NetConnectOpts, connected: () => void) => Socket
  net.connect = ((options: NetConnectOpts, connected: () => void) =>
    record(connect(options, connected))) as typeof net.connect
  syncBuiltinESMExports()
  const { KafkaStorage } = await import('../../../lib/storage/kafka-storage.ts')
  const { failedDeliveries } = await import('../../support/deliveries.ts')
  const { useAll } = await import('./use-all.ts')
  const storage = new KafkaStorage({ topic: 'recorded', 'bootstrap.servers': server.address })
  const errors = await useAll(storage, failedDeliveries(5))
  if (errors.length > 0) throw errors[0]!
} finally {
  await server.stop()
}
const recorded = { address: { host, port: Number(port) }, answers }
writeFileSync(new URL('./recorded/kafka.json', import.meta.url), `${JSON.stringify(recorded, undefined, 1)}\n`)
process.exit(0)

function record(socket: Socket): Socket {
  const calls = new Map<number, string>()
  const sent = new Frames(1e8)
  const received = new Frames(1e8)
  const write = socket.write.bind(socket)
  socket.write = (chunk: Buffer, ...rest: never[]) => {
    for (const request of sent.add(Buffer.from(chunk))) {
      const head = headOf(request)
      calls.set(head.correlationId, kindOf(head))
    }
    return write(chunk, ...rest)
  }
  socket.on('data', (chunk: Buffer) => {
    for (const frame of received.add(chunk)) {
      const list = (answers[calls.get(frame.readInt32BE())!] ??= [])
      list.push(frame.subarray(4).toString('base64'))
    }
  })
  return socket
}
