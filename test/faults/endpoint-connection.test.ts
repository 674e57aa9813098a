import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { Agent, ProxyAgent } from 'undici'
import { expired, selfSigned } from '../support/certificate.ts'
import {
  answer,
  answerText,
  closeAfterRequest,
  cutAfter,
  resetAfterHead,
  resetAfterRequest,
  scripted,
  stopReading
} from '../support/fault.ts'
import { type FaultServer, faultServer, type FaultServerOptions } from '../support/fault-server.ts'
import { Proxy, type Toxics } from '../support/proxy.ts'
import { freePorts } from '../support/servers/free-ports.ts'
import { pause, TestSink, until } from '../support/test-sink.ts'

const record = { id: 1 }

describe('faults of the connection to the endpoint', () => {
  const open: Array<{ close(): unknown }> = []

  const serve = async (options: FaultServerOptions | FaultServer['fault'] = {}): Promise<FaultServer> => {
    const server = await faultServer(options)
    open.push(server)
    return server
  }

  const sinkTo = (url: string, http: object = {}, retry: object = {}): TestSink => {
    const sink = new TestSink({ url, ...http }, retry)
    open.push({ close: () => sink.destroy() })
    return sink
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map(one => one.close()))
  })

  it('E01 retries a refused connection, stores what is given up on, and delivers once the port is open', async () => {
    const [port] = (await freePorts(1)) as [number]
    const sink = await sinkTo(`http://127.0.0.1:${port}/`, {}, { retries: 2 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0, attempts: 3 })
    expect(sink.stored[0]).to.deep.include({ outcome: 'exhausted', attempts: 3 })
    expect(sink.stored[0]!.lastError).to.deep.equal({
      code: 'SPW_ERR_CONNECT',
      phase: 'not-sent',
      reason: 'ECONNREFUSED'
    })
    await serve({ port })
    await sink.recovers()
  })

  it('E02 gives up at the deadline when nobody answers to the connection', async () => {
    const stopped = await deafServer()
    open.push(stopped)
    const sink = sinkTo(`http://127.0.0.1:${stopped.port}/`, { timeout: 200 }, { retries: 1 })
    const start = performance.now()
    await sink.send(record)
    expect(performance.now() - start).to.be.within(400, 5_000)
    expect(sink.stats).to.include({ stored: 1, attempts: 2 })
    expect(sink.stored[0]!.lastError!.phase).to.equal('not-sent')
    expect(sink.stored[0]!.lastError!.code).to.be.oneOf(['SPW_ERR_TIMEOUT', 'SPW_ERR_CONNECT'])
    stopped.wake()
    while (!(await isAnswering(stopped.port))) await pause(20)
    await sink.recovers()
  })

  it('E03 retries when the connection is reset as it is accepted', async () => {
    const server = await serve({ accept: (socket, n) => (n < 2 ? (socket.resetAndDestroy(), true) : false) })
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 3 })
    expect(server.requests).to.have.length(1)
    await sink.recovers()
  })

  it('E04 retries when the connection is closed as it is accepted', async () => {
    const server = await serve({ accept: (socket, n) => (n < 2 ? (socket.end(), true) : false) })
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 3 })
    expect(server.requests).to.have.length(1)
    await sink.recovers()
  })

  const lostOnTheWay = [
    { id: 'E05 retries, with the same key, after a reset when the head is read', fault: resetAfterHead },
    { id: 'E06 retries, with the same key, after a reset when the request is read', fault: resetAfterRequest },
    { id: 'E07 retries, with the same key, after a close when the request is read', fault: closeAfterRequest }
  ]
  for (const { id, fault } of lostOnTheWay) {
    it(id, async () => {
      const server = await serve(scripted([fault(), answer(200)]))
      const sink = await sinkTo(server.url).send({ id: 1, filling: 'x'.repeat(200_000) })
      expect(sink.stats).to.include({ delivered: 1, attempts: 2, retries: 1 })
      const keys = server.requests.map(({ headers }) => headers['idempotency-key'])
      expect(keys).to.have.length(2)
      expect(new Set(keys).size).to.equal(1)
      await sink.recoversWith(server)
    })

    it(`${id.slice(0, 3)} stores it as ambiguous, unsent again, when it must arrive at most once`, async () => {
      const server = await serve(fault())
      const sink = await sinkTo(server.url, { semantics: 'at-most-once' }).send(record)
      expect(sink.stats).to.include({ stored: 1, ambiguous: 1, attempts: 1 })
      expect(sink.stored[0]!.outcome).to.equal('ambiguous')
      expect(server.requests).to.have.length(1)
      await sink.recoversWith(server)
    })
  }

  it('E08 retries when the server closes its side and goes on reading', async () => {
    const server = await serve({ allowHalfOpen: true, fault: scripted([closeAfterRequest(), answer(200)]) })
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 2 })
    await sink.recoversWith(server)
  })

  it('E09 gives up at the deadline when the server stops reading in the middle of 32 MB', async () => {
    const server = await serve(scripted([stopReading()]))
    const sink = sinkTo(server.url, { timeout: 300 }, { retries: 1 })
    const start = performance.now()
    await sink.send({ id: 1, filling: 'x'.repeat(32 * 1024 * 1024) })
    expect(performance.now() - start).to.be.within(600, 5_000)
    expect(sink.stats).to.include({ stored: 1, attempts: 2 })
    expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' })
    await sink.recoversWith(server)
  })

  const through = async (server: FaultServer, toxics: Toxics): Promise<Proxy> => {
    const proxy = await new Proxy(server.port, toxics).listen()
    open.push(proxy)
    return proxy
  }

  it('E11 retries what a hole in the network swallows in the middle, and delivers once it heals', async () => {
    const server = await serve()
    const proxy = await through(server, {})
    const sink = await sinkTo(`${proxy.origin}/`, { timeout: 150, numWriters: 2 }, { retries: 100 }).send({ id: 0 })
    proxy.toxics.blackhole = true
    const sending = sink.send({ id: 1 }, { id: 2 }, { id: 3 })
    await until(() => sink.stats.retries > 0, 'a retry')
    expect(sink.stats).to.include({ delivered: 1, stored: 0 })
    proxy.toxics.blackhole = false
    await sending
    expect(sink.stats).to.include({ delivered: 4, stored: 0 })
    await sink.recovers()
  })

  it('E12 gives up at the deadline on a line that is too slow, and stops the source', async () => {
    const server = await serve()
    const proxy = await through(server, { rate: 1_000 })
    const sink = sinkTo(`${proxy.origin}/`, { timeout: 200, numWriters: 2, queueCapacity: 4 }, { retries: 0 })
    let given = 0
    for (; given < 100 && sink.http.write({ id: given, filling: 'x'.repeat(20_000) }); given++);
    expect(given).to.be.at.most(4 + 16)
    await sink.idle()
    expect(sink.stats).to.include({ delivered: 0, stored: given + 1, accepted: given + 1 })
    expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' })
    proxy.toxics.rate = undefined
    await sink.recovers()
  })

  for (const how of ['close', 'reset'] as const) {
    it(`E15 never takes an answer that is cut by a ${how} after any number of bytes for a success`, async () => {
      const text = answerText(200, { 'x-more': 'y' }, 'okay')
      const server = await serve(exchange => cutAfter(Number(exchange.request.path.slice(1)), text, how)(exchange))
      const sink = sinkTo('', { url: undefined, numWriters: 8 }, { retries: 0 })
      const lengths = Array.from({ length: text.length + 1 }, (_, bytes) => bytes)
      await sink.send(...lengths.map(bytes => ({ url: `${server.origin}/${bytes}`, body: { bytes } })))
      expect(sink.stats).to.include({ delivered: 1, stored: text.length, ambiguous: 0, attempts: lengths.length })
      const storedBytes = sink.stored.map(({ records }) => JSON.parse(records[0] as string).bytes)
      expect(storedBytes).to.not.include(text.length)
      for (const { lastError } of sink.stored) expect(lastError!.phase).to.equal('maybe-sent')
    })
  }

  // What the resolver answers is given by hand: a test must not ask the network.
  const resolving = (answers: Array<string[] | Error>): Agent => {
    let asked = 0
    const lookup = (_name: string, _options: object, callback: (...args: unknown[]) => void): void => {
      const next = answers[Math.min(asked++, answers.length - 1)]!
      if (next instanceof Error) callback(next)
      else
        callback(
          null,
          next.map(address => ({ address, family: 4 }))
        )
    }
    const agent = new Agent({ connect: { lookup: lookup as never }, connections: 1 })
    open.push({ close: () => agent.destroy() })
    return agent
  }
  const resolverError = (code: string): Error => Object.assign(new Error(`getaddrinfo ${code}`), { code })

  it('E16 retries a name that does not exist, then stores', async () => {
    const server = await serve()
    const absent = resolverError('ENOTFOUND')
    const dispatcher = resolving([absent, absent, absent, ['127.0.0.1']])
    const sink = sinkTo(`http://name.invalid:${server.port}/`, { dispatcher }, { retries: 2 })
    await sink.send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0, attempts: 3 })
    expect(sink.stored[0]!.lastError).to.deep.equal({ code: 'SPW_ERR_CONNECT', phase: 'not-sent', reason: 'ENOTFOUND' })
    expect(server.connections).to.equal(0)
    await sink.recovers()
  })

  it('E17 retries when the resolver fails for a while', async () => {
    const server = await serve()
    const dispatcher = resolving([resolverError('EAI_AGAIN'), resolverError('EAI_AGAIN'), ['127.0.0.1']])
    const sink = await sinkTo(`http://name.invalid:${server.port}/`, { dispatcher }).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 3 })
    await sink.recovers()
  })

  it('E18 asks the resolver again for the next attempt', async () => {
    const server = await serve()
    const dispatcher = resolving([['127.0.0.3'], ['127.0.0.1']])
    const sink = await sinkTo(`http://name.invalid:${server.port}/`, { dispatcher }).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 2 })
    await sink.recovers()
  })

  it('E19 delivers to the second address of a name when the first is dead', async () => {
    const server = await serve()
    const dispatcher = resolving([['127.0.0.3', '127.0.0.1']])
    const sink = await sinkTo(`http://name.invalid:${server.port}/`, { dispatcher }).send(record)
    expect(sink.stats).to.include({ delivered: 1 })
    await sink.recovers()
  })

  it('E20 stores as exhausted, not as refused, when the certificate is self-signed, and sends nothing', async () => {
    const server = await serve({ tls: selfSigned() })
    const sink = await sinkTo(server.url, {}, { retries: 10 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0, attempts: 3 })
    expect(sink.stored[0]).to.deep.include({ outcome: 'exhausted' })
    expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_TLS', phase: 'not-sent' })
    expect(server.requests).to.have.length(0)
  })

  it('E20 delivers to a self-signed certificate that is trusted by the dispatcher', async () => {
    const tls = selfSigned()
    const server = await serve({ tls })
    const dispatcher = new Agent({ connect: { ca: tls.cert } })
    open.push({ close: () => dispatcher.destroy() })
    await sinkTo(server.url, { dispatcher }).recovers()
  })

  it('E22 stores while the certificate is expired, and delivers once it is renewed', async () => {
    const old = expired()
    const renewed = selfSigned()
    let current = old
    const SNICallback = (_name: string, callback: (error: null, context: SecureContext) => void): void =>
      callback(null, createSecureContext(current))
    const server = await serve({ tls: { ...old, SNICallback } })
    const dispatcher = new Agent({ connect: { ca: [old.cert, renewed.cert] } })
    open.push({ close: () => dispatcher.destroy() })
    const sink = await sinkTo(server.url.replace('127.0.0.1', 'localhost'), { dispatcher }).send(record)
    expect(sink.stats).to.include({ stored: 1, attempts: 3 })
    expect(sink.stored[0]!.lastError).to.deep.equal({
      code: 'SPW_ERR_TLS',
      phase: 'not-sent',
      reason: 'CERT_HAS_EXPIRED'
    })
    current = renewed
    await sink.recovers()
  })

  it('E23 gives up at the deadline when the TLS handshake stalls', async () => {
    const server = await serve({ accept: () => true })
    const sink = sinkTo(server.url.replace('http:', 'https:'), { timeout: 200 }, { retries: 1 })
    const start = performance.now()
    await sink.send(record)
    expect(performance.now() - start).to.be.within(400, 5_000)
    expect(sink.stats).to.include({ stored: 1, attempts: 2 })
    expect(sink.stored[0]!.lastError!.phase).to.equal('not-sent')
    expect(sink.stored[0]!.lastError!.code).to.be.oneOf(['SPW_ERR_TIMEOUT', 'SPW_ERR_CONNECT'])
  })

  it('E24 stores when the server speaks only an old version of TLS', async () => {
    const tls = { ...selfSigned(), minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const server = await serve({ tls })
    const sink = await sinkTo(server.url, {}, { retries: 3 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0 })
    expect(sink.stored[0]!.lastError!.phase).to.equal('not-sent')
    expect(sink.stored[0]!.lastError!.reason).to.match(/^(ERR_SSL_|EPROTO|ECONNRESET)/)
    expect(server.requests).to.have.length(0)
  })

  it('E25 stores what is sent as http to a port that speaks https', async () => {
    const server = await serve({ tls: selfSigned() })
    const sink = await sinkTo(server.url.replace('https:', 'http:')).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0 })
    expect(server.requests).to.have.length(0)
  })

  it('E25 stores what is sent as https to a port that speaks http, and says what is wrong', async () => {
    // What every HTTP server does with bytes that are no request.
    const refuse = (socket: Socket): void => void socket.once('data', () => socket.end(answerText(400)))
    const server = await serve({ accept: socket => (refuse(socket), true) })
    const errors: Error[] = []
    const sink = sinkTo(server.url.replace('http:', 'https:'))
    sink.storage.before = deliveries => void errors.push(...deliveries.map(({ error }) => error!))
    await sink.send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0 })
    expect(errors[0]!.message).to.match(/http, not https/)
    expect(sink.stored[0]!.lastError!.phase).to.equal('not-sent')
  })

  it('E26 stores when the server asks for a certificate and gets none, and delivers with one', async () => {
    const client = selfSigned()
    const tls = { ...selfSigned(), requestCert: true, ca: client.cert, rejectUnauthorized: true }
    const server = await serve({ tls })
    const without = new Agent({ connect: { ca: tls.cert } })
    const withOne = new Agent({ connect: { ca: tls.cert, ...client } })
    open.push({ close: () => without.destroy() }, { close: () => withOne.destroy() })
    const sink = await sinkTo(server.url, { dispatcher: without }, { retries: 5 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0 })
    expect(server.requests).to.have.length(0)
    await sinkTo(server.url, { dispatcher: withOne }).recovers()
  })

  it('E27 delivers all to a server that takes only 4 connections, with no more of its own than it has slots', async () => {
    const server = await serve({ maxConnections: 4 })
    const sink = sinkTo(server.url, { numWriters: 16 }, { retries: 1_000 })
    await sink.send(...Array.from({ length: 200 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 200, stored: 0 })
    expect(server.requests).to.have.length(200)
    expect(server.mostOpen).to.be.at.most(4)
    await sink.recovers()
  })

  it('E27 never has more connections than slots', async () => {
    const server = await serve()
    const sink = sinkTo(server.url, { numWriters: 5 })
    await sink.send(...Array.from({ length: 200 }, (_, id) => ({ id })))
    expect(server.mostOpen).to.be.at.most(5)
    await sink.recovers()
  })

  it('E28 stores when the proxy refuses, and tells nobody its password', async () => {
    const server = await serve()
    const proxy = await refusingProxy(407)
    open.push(proxy)
    const token = `Basic ${Buffer.from('user:canary-password').toString('base64')}`
    const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${proxy.port}`, token })
    open.push({ close: () => dispatcher.destroy() })
    const errors: unknown[] = []
    const sink = sinkTo(server.url, { dispatcher }, { retries: 1 })
    sink.storage.before = deliveries => void errors.push(...deliveries.map(({ error }) => error))
    await sink.send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0 })
    expect(proxy.requests()).to.be.at.least(1)
    expect(server.connections).to.equal(0)
    const said = inspect([sink.stored, errors, sink.http], { depth: 8 })
    expect(said).to.not.include('canary-password').and.not.include(token)
  })
})

/** A process that listens and is stopped, with so many connections waiting that the kernel answers to no more. */
async function deafServer(): Promise<{ port: number; wake(): void; close(): Promise<void> }> {
  const script = `require('http').createServer((q, s) => q.resume().on('end', () => s.end('ok')))
    .listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  const port = Number(String(text))
  const waiting = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await pause(50)
  const wake = (): void => {
    for (const socket of waiting) socket.destroy()
    child.kill('SIGCONT')
  }
  return {
    port,
    wake,
    async close() {
      const exit = once(child, 'exit')
      wake()
      child.kill()
      await exit
    }
  }
}

/** Whether a plain request is answered. */
async function isAnswering(port: number): Promise<boolean> {
  try {
    await (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) })).text()
    return true
  } catch {
    return false
  }
}

async function refusingProxy(status: number): Promise<{ port: number; requests(): number; close(): Promise<void> }> {
  let requests = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => {
      requests++
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    requests: () => requests,
    close: () => new Promise(resolve => (sockets.forEach(socket => socket.destroy()), server.close(() => resolve())))
  }
}
