import { encoded, writeMessage, writeNumber, writeText } from '../../lib/storage/hbase/protobuf.ts'
import { framed } from './rpc-frames.ts'

/**
 * What a ZooKeeper of HBase answers to the request of a connection that has this number: to the first one a session, to those
 * for a node where the server is. `changed` makes other data of the node's.
 */
export function zooKeeperAnswer(
  request: Buffer,
  number: number,
  port: number,
  changed = (data: Buffer): Buffer => data
): Buffer | undefined {
  if (number === 0) return framed(Buffer.alloc(40))
  if (request.readInt32BE(4) !== 4) return undefined
  const message = encoded(writer =>
    writeMessage(writer, 1, () => {
      writeText(writer, 1, '127.0.0.1')
      writeNumber(writer, 2, port)
    })
  )
  const data = changed(Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0]), Buffer.from('PBUF'), message]))
  const head = Buffer.alloc(20)
  request.copy(head, 0, 0, 4)
  head.writeInt32BE(data.length, 16)
  // Behind the data stands what ZooKeeper knows of the node.
  return framed(Buffer.concat([head, data, Buffer.alloc(68)]))
}
