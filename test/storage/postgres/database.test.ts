import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { PostgresStorage } from '../../../lib/storage/postgres-storage.ts'
import { failure } from '../../support/storage-failure.ts'

describe('A server of PostgreSQL', () => {
  const sockets: Socket[] = []
  let server: Server | undefined
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server?.close()
  })

  /** A storage whose server answers with these bytes, whatever it is asked. */
  async function answered(...bytes: number[]): Promise<PostgresStorage> {
    server = createServer(socket => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => socket.write(Buffer.from(bytes)))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return new PostgresStorage({ jdbcUrl: `jdbc:postgresql://u@127.0.0.1:${port}/db`, table: 't', timeout: 2_000 })
  }

  it('T37 may ask for Kerberos, which pg has not: that is an error, and lasts', async () => {
    const storage = await answered(0x52, 0, 0, 0, 8, 0, 0, 0, 7)
    const error = await failure(storage.open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect(error.message).to.include('in a way that pg does not have')
    await storage.close()
  })

  it('may answer with what pg does not understand: that is an error, and may pass', async () => {
    // It asks for a way to authenticate, and does not say for which.
    const storage = await answered(0x52, 0, 0, 0, 4)
    const error = await failure(storage.open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    expect(error.message).to.include('an answer of the server was not understood')
    await storage.close()
  })
})
