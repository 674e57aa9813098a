import { writeFileSync } from 'node:fs'
import net, { type NetConnectOpts, type Socket } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
import { Frames } from '../../../lib/storage/hbase/frames.ts'
import { hbase } from '../../support/servers/hbase-server.ts'
import { frameIn } from '../../support/rpc-frames.ts'

// Writes down what a real HBase answers, for the machine that changes it: `node --import tsx <this>`.

const recorded: Record<string, Array<{ message: string; exception?: string }>> = {}
const server = await hbase.launch('tests')
try {
  const connect = net.connect as (options: NetConnectOpts) => Socket
  net.connect = ((options: NetConnectOpts) => record(connect(options))) as typeof net.connect
  syncBuiltinESMExports()
  const { HBaseStorage } = await import('../../../lib/storage/hbase-storage.ts')
  const { failedDeliveries } = await import('../../support/deliveries.ts')
  const { useAll } = await import('./use-all.ts')
  await useAll(new HBaseStorage({ table: 'recorded', 'zookeeper.quorum': server.address }), failedDeliveries(5))
} finally {
  await server.stop()
}
writeFileSync(new URL('./recorded/hbase.json', import.meta.url), `${JSON.stringify(recorded, undefined, 1)}\n`)
process.exit(0)

function record(socket: Socket): Socket {
  const calls = new Map<number, string>()
  const sent = new Frames(1e8)
  const received = new Frames(1e8)
  let isRpc: boolean | undefined
  const write = socket.write.bind(socket)
  socket.write = (chunk: Buffer, ...rest: never[]) => {
    if (isRpc === undefined) {
      isRpc = chunk.subarray(0, 4).toString() === 'HBas'
      const length = isRpc ? chunk.readUInt32BE(6) : 0
      if (isRpc && chunk.length > 10 + length) hear(chunk.subarray(10 + length))
    } else if (isRpc) hear(chunk)
    return write(chunk, ...rest)
  }
  const hear = (chunk: Buffer): void => {
    for (const call of sent.add(Buffer.from(chunk))) calls.set(frameIn(call).id, frameIn(call).method)
  }
  socket.on('data', (chunk: Buffer) => {
    if (!isRpc) return
    for (const frame of received.add(chunk)) {
      const { id, exception, message } = frameIn(frame)
      const answers = (recorded[calls.get(id) ?? ''] ??= [])
      const text = exception === undefined ? {} : { exception: exception.toString('base64') }
      answers.push({ message: message.toString('base64'), ...text })
    }
  })
  return socket
}
