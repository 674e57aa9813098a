import type { Socket } from 'node:net'
import {
  BinaryReader,
  bufferOf,
  eachField,
  eachFieldWithin,
  encoded,
  writeMessage,
  writeNumber,
  writeText
} from '../../lib/storage/hbase/protobuf.ts'
import { Frames } from '../../lib/storage/hbase/frames.ts'
import { LoopbackServer } from './loopback-server.ts'
import { answerOf, frameIn } from './rpc-frames.ts'
import { zooKeeperAnswer } from './zookeeper-answer.ts'

/** A change that a client asks for: the rows of one region, by the region's name. */
export interface AskedGroup {
  readonly region: string
  readonly rows: readonly string[]
}

/** ZooKeeper and a region server on one port, for what real ones cannot be made to do: `meta` and `multi` say what they answer. */
export class FakeHBase extends LoopbackServer {
  /** The regions of the table `t` that `hbase:meta` has, by where they start and end. */
  meta: () => ReadonlyArray<readonly [start: string, end: string]> = () => [['', '']]
  /** The message that answers to a scan of the table. */
  scan: () => Promise<Uint8Array> = async () => scanned()
  /** The message that answers to changes. */
  multi: (groups: readonly AskedGroup[]) => Uint8Array = allDone
  /** Whether ZooKeeper leaves its side of a connection open that the client has ended. */
  leavesOpen = false
  zooKeeperConnections = 0

  constructor() {
    super(socket => this.#serve(socket), { allowHalfOpen: true })
  }

  #serve(socket: Socket): void {
    socket.on('end', () => {
      if (!this.leavesOpen) return socket.end()
      // Whoever writes hears whether there still is somebody. Two bytes are no answer yet.
      for (const delay of [1_500, 1_700]) setTimeout(() => socket.write(Buffer.alloc(1)), delay)
      return undefined
    })
    const frames = new Frames(1e8)
    let count = 0
    let isRpc: boolean | undefined
    socket.on('data', (chunk: Buffer) => {
      const isFirst = isRpc === undefined
      isRpc ??= chunk.subarray(0, 4).toString('latin1') === 'HBas'
      if (isFirst && !isRpc) {
        this.zooKeeperConnections++
        socket.on('close', () => this.zooKeeperConnections--)
      }
      for (const frame of frames.add(Buffer.from(isFirst && isRpc ? chunk.subarray(6) : chunk))) {
        const answer = isRpc ? this.#rpc(frame, count++) : zooKeeperAnswer(frame, count++, this.port)
        void Promise.resolve(answer).then(bytes => bytes !== undefined && socket.write(bytes))
      }
    })
  }

  async #rpc(request: Buffer, count: number): Promise<Buffer | undefined> {
    // The first one says who calls.
    if (count === 0) return undefined
    const { id, method, message } = frameIn(request)
    if (message.includes('hbase:meta')) return answerOf(id, delimited(this.#metaRows()))
    if (method === 'Scan') return answerOf(id, delimited(await this.scan()))
    return answerOf(id, delimited(this.multi(groupsIn(message))))
  }

  #metaRows(): Uint8Array {
    return encoded(writer => {
      for (const [start, end] of this.meta()) {
        const info = encoded(inner => {
          writeText(inner, 3, start)
          writeText(inner, 4, end)
        })
        const cells = [
          ['regioninfo', Buffer.concat([Buffer.from('PBUF'), info])],
          ['server', Buffer.from(this.address)]
        ] as const
        writeMessage(writer, 5, () => {
          for (const [qualifier, value] of cells) {
            writeMessage(writer, 1, () => {
              writeText(writer, 1, `t,${start},1`)
              writeText(writer, 3, qualifier)
              writeText(writer, 6, value)
            })
          }
        })
      }
      writeNumber(writer, 8, 0)
    })
  }
}

/** The answer to a scan that has these rows, of one cell each, and no more in its region unless `hasMore`. */
export function scanned(rows: readonly string[] = [], hasMore = false): Uint8Array {
  return encoded(writer => {
    writeNumber(writer, 2, 77)
    for (const row of rows) {
      writeMessage(writer, 5, () =>
        writeMessage(writer, 1, () => {
          writeText(writer, 1, row)
          writeText(writer, 3, 'values')
        })
      )
    }
    writeNumber(writer, 8, hasMore ? 1 : 0)
  })
}

/** The answer that says of every change that it was done. */
export function allDone(groups: readonly AskedGroup[]): Uint8Array {
  return encoded(writer => {
    for (const { rows } of groups) {
      writeMessage(writer, 1, () =>
        rows.forEach((_row, index) =>
          writeMessage(writer, 1, () => {
            writeNumber(writer, 1, index)
            writeMessage(writer, 2, () => undefined)
          })
        )
      )
    }
  })
}

function groupsIn(message: Buffer): AskedGroup[] {
  const groups: AskedGroup[] = []
  const reader = new BinaryReader(message)
  reader.uint32()
  eachField(reader, reader.len, field => {
    if (field !== 1) return
    let region = ''
    const rows: string[] = []
    eachFieldWithin(reader, inner => {
      if (inner === 1) {
        eachFieldWithin(reader, part => {
          if (part === 2) region = bufferOf(reader.bytes()).toString()
        })
      } else if (inner === 3) {
        eachFieldWithin(reader, part => {
          if (part !== 2) return
          eachFieldWithin(reader, of => {
            if (of === 1) rows.push(bufferOf(reader.bytes()).toString())
          })
        })
      }
    })
    groups.push({ region, rows })
  })
  return groups
}

const delimited = (message: Uint8Array): Uint8Array => encoded(writer => writer.bytes(message))
