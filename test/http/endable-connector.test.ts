import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { EndableConnector } from '../../lib/http/endable-connector.ts'
import { LoopbackServer } from '../support/loopback-server.ts'
import { paused, until } from '../support/waiting.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('EndableConnector', () => {
  let server: LoopbackServer
  let sockets: Socket[]

  beforeEach(async () => {
    sockets = []
    server = await new LoopbackServer(socket => sockets.push(socket)).listen()
  })
  afterEach(() => server.close())

  const connected = (connector: EndableConnector, protocol = 'http:'): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const options = { hostname: '127.0.0.1', host: server.address, port: String(server.port), protocol }
      connector.connect(options, (error, socket) => (error === null ? resolve(socket) : reject(error)))
    })

  it('keeps no socket that the endpoint has closed', async () => {
    const connector = new EndableConnector(1_000)
    const made: Array<WeakRef<Socket>> = []
    for (let i = 0; i < 30; i++) {
      const socket = await connected(connector)
      made.push(new WeakRef(socket.resume()))
      const isClosed = once(socket, 'close')
      await until(() => sockets.length > i)
      sockets[i]!.end()
      await isClosed
    }
    await paused(50)
    collectGarbage()
    await paused(0)
    expect(made.filter(socket => socket.deref() !== undefined)).to.have.length.below(10)
  })

  it('ends the connection that is being made, and no other', async () => {
    const connector = new EndableConnector(60_000)
    const socket = await connected(connector)
    connector.end()
    expect(socket.destroyed).to.equal(false)
    socket.destroy()
    const failed = connected(connector, 'https:').catch((error: unknown) => error)
    await until(() => sockets.length === 2)
    connector.end()
    expect(await failed)
      .to.be.instanceOf(Error)
      .with.property('message', 'The connection is not wanted any more.')
  })
})
