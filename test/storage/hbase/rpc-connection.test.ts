import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import type { HBaseFailure } from '../../../lib/storage/hbase/failure.ts'
import {
  BinaryReader,
  eachFieldWithin,
  encoded,
  writeMessage,
  writeNumber,
  writeText
} from '../../../lib/storage/hbase/protobuf.ts'
import { eachFieldOf, RpcConnection } from '../../../lib/storage/hbase/rpc-connection.ts'
import { Frames } from '../../../lib/storage/hbase/frames.ts'

interface Request {
  readonly id: number
  readonly method: string
  readonly socket: Socket
}

describe('RpcConnection', () => {
  let server: Server
  let connection: RpcConnection
  let requests: Request[]
  let onRequest: (request: Request) => void
  const sockets = new Set<Socket>()

  beforeEach(async () => {
    requests = []
    onRequest = () => undefined
    server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      const frames = new Frames(1_000_000)
      let isPreambleOver = false
      let isHeaderOver = false
      socket.on('data', chunk => {
        const bytes = isPreambleOver ? chunk : chunk.subarray(6)
        isPreambleOver = true
        for (const frame of frames.add(bytes)) {
          if (isHeaderOver) take(frame, socket)
          isHeaderOver = true
        }
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    connection = new RpcConnection(
      { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      'ClientService',
      'me'
    )
  })

  afterEach(() => {
    connection.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  function take(frame: Buffer, socket: Socket): void {
    const reader = new BinaryReader(frame)
    const request = { id: 0, method: '', socket }
    eachFieldWithin(reader, field => {
      if (field === 1) request.id = reader.uint32()
      else if (field === 3) request.method = reader.string()
    })
    requests.push(request)
    onRequest(request)
  }

  /** An answer to the call `id`: a number, or an exception. */
  function answer(id: number, result: number | string): Buffer {
    const header = encoded(writer => {
      writeNumber(writer, 1, id)
      if (typeof result === 'string') {
        writeMessage(writer, 2, () => {
          writeText(writer, 1, `org.apache.hadoop.hbase.${result}`)
          writeText(writer, 2, `org.apache.hadoop.hbase.${result}: said\n\tat x`)
        })
      }
    })
    const message = typeof result === 'number' ? encoded(writer => writeNumber(writer, 1, result)) : undefined
    const body = encoded(writer => {
      writer.bytes(header)
      if (message !== undefined) writer.bytes(message)
    })
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return Buffer.concat([length, body])
  }

  const call = (timeout = 2_000): Promise<number> =>
    connection.call('Get', new Uint8Array(3), timeout).then(reader => {
      let result = 0
      eachFieldOf(reader, field => {
        if (field === 1) result = reader.uint32()
      })
      return result
    })

  async function failureOf(work: Promise<unknown>): Promise<HBaseFailure> {
    return work.then(
      () => expect.fail('It did not fail.'),
      (error: unknown) => error as HBaseFailure
    )
  }

  it('gives each call its own answer, in whichever order they come', async () => {
    onRequest = () => {
      if (requests.length < 3) return
      const answers = requests.toReversed().map(({ id }) => answer(id, id * 10))
      requests[0]!.socket.write(Buffer.concat(answers))
    }
    const ids = await Promise.all([call(), call(), call()])
    expect(ids).to.deep.equal(requests.map(({ id }) => id * 10))
  })

  it('reads an answer that comes byte by byte', async () => {
    onRequest = ({ id, socket }) => {
      socket.setNoDelay(true)
      const bytes = [...answer(id, 5)]
      const write = (): void => {
        socket.write(Buffer.from([bytes.shift()!]))
        if (bytes.length > 0) setImmediate(write)
      }
      write()
    }
    expect(await call()).to.equal(5)
  })

  it('rejects with the exception of the server, and goes on', async () => {
    onRequest = ({ id, socket }) => socket.write(answer(id, requests.length === 1 ? 'NotServingRegionException' : 1))
    expect(await failureOf(call())).to.include({ exception: 'NotServingRegionException', transient: true })
    expect(await call()).to.equal(1)
  })

  it('rejects all calls with an exception that is for none of them', async () => {
    onRequest = ({ socket }) => socket.write(answer(0x7fffffff, 'security.AccessDeniedException'))
    const [one, other] = await Promise.all([failureOf(call()), failureOf(call())])
    expect([one.exception, other.exception]).to.deep.equal(['AccessDeniedException', 'AccessDeniedException'])
    expect(connection.isBroken).to.equal(true)
  })

  it('rejects all calls when the connection is cut, and every later one', async () => {
    onRequest = ({ socket }) => socket.destroy()
    const failures = await Promise.all([failureOf(call()), failureOf(call())])
    for (const failure of [...failures, await failureOf(call())])
      expect(failure).to.include({ exception: '', transient: true })
  })

  it('rejects what does not speak the protocol', async () => {
    onRequest = ({ socket }) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    expect((await failureOf(call())).message).to.include("does not speak HBase's protocol")
    expect(connection.isBroken).to.equal(true)
  })

  it('gives up the connection when nothing at all is answered in time', async () => {
    expect((await failureOf(call(50))).message).to.include('did not answer Get within 50 ms')
    expect(connection.isBroken).to.equal(true)
  })

  it('keeps the connection when only one call is late', async () => {
    onRequest = ({ id, socket }) => {
      if (requests.length > 1) socket.write(answer(id, 1))
    }
    const late = failureOf(call(300))
    expect(await call()).to.equal(1)
    expect((await late).message).to.include('within 300 ms')
    expect(connection.isBroken).to.equal(false)
    expect(await call()).to.equal(1)
  })
})
