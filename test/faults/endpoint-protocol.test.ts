import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Agent } from 'undici'
import {
  answer,
  answerText,
  atHead,
  closeAfterRequest,
  drip,
  HeldAnswers,
  never,
  raw,
  scripted
} from '../support/fault.ts'
import { type FaultServer, faultServer, type FaultServerOptions } from '../support/fault-server.ts'
import { pause, TestSink, until } from '../support/test-sink.ts'

const record = { id: 1 }
const ok = answerText(200)

describe('faults of the protocol', () => {
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

  const neverComplete = [
    { title: 'E29 gives up at the deadline when no answer comes', fault: never() },
    {
      title: 'E30 gives up at the deadline when the head of the answer drips',
      fault: drip(ok.padEnd(10_000, ' '), 20)
    },
    {
      title: 'E31 gives up at the deadline when the body of a success drips for ever',
      fault: drip('', 5, answerText(200, { 'content-length': 1_000_000 }, 'x'.repeat(1_000)))
    },
    {
      title: 'E45 gives up at the deadline when informational answers never end',
      fault: drip('', 1, 'HTTP/1.1 102 Processing\r\n\r\n')
    }
  ]
  for (const { title, fault } of neverComplete) {
    it(title, async () => {
      const server = await serve(fault)
      const sink = sinkTo(server.url, { timeout: 250 }, { retries: 1 })
      const start = performance.now()
      await sink.send(record)
      expect(performance.now() - start).to.be.within(500, 3_000)
      expect(sink.stats).to.include({ stored: 1, attempts: 2 })
      expect(sink.stored[0]).to.deep.include({ outcome: 'exhausted' })
      expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' })
      expect(server.requests).to.have.length(2)
      await until(() => server.openConnections === 0, 'the connections to be closed')
      await sink.recoversWith(server)
    })
  }

  it('E31 goes by the status at the deadline when the body of a refusal drips for ever', async () => {
    const server = await serve(exchange => {
      exchange.socket.write(answerText(400, { 'content-length': 1_000_000 }, 'x'))
      drip('', 1, 'x')(exchange)
    })
    const sink = await sinkTo(server.url, { timeout: 400 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 1, attempts: 1 })
    expect(sink.stored[0]!.lastError).to.deep.equal({ code: 'SPW_ERR_STATUS', phase: 'answered', status: 400 })
    await sink.recoversWith(server)
  })

  const cutSuccesses = [
    {
      title: 'E32 takes a success whose body is reset for none',
      fault: raw(answerText(200, { 'content-length': 10 }, 'part'), 'reset')
    },
    {
      title: 'E33 takes a success whose chunks are cut for none',
      fault: raw(answerText(200, { 'transfer-encoding': 'chunked' }, '4\r\npart\r\n'), 'close')
    }
  ]
  for (const { title, fault } of cutSuccesses) {
    it(title, async () => {
      const server = await serve(fault)
      const sink = await sinkTo(server.url, {}, { retries: 1 }).send(record)
      expect(sink.stats).to.include({ delivered: 0, stored: 1, attempts: 2 })
      expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_NETWORK', phase: 'maybe-sent', status: 200 })
      await sink.recoversWith(server)
    })
  }

  it('E35 goes by the status when the end of the body is the end of the connection', async () => {
    const server = await serve(
      scripted([raw('HTTP/1.1 200 X\r\n\r\npart', 'reset'), raw('HTTP/1.1 500 X\r\n\r\npart', 'close')])
    )
    const sink = await sinkTo(server.url, { numWriters: 1 }, { retries: 0 }).send({ id: 1 }, { id: 2 })
    expect(sink.stats).to.include({ delivered: 1, stored: 1, attempts: 2 })
    expect(sink.stored[0]!.lastError!.status).to.equal(500)
    await sink.recoversWith(server)
  })

  const notHttp = [
    {
      title: 'E36 stores after 3 attempts what is answered by something that is not HTTP',
      text: 'SSH-2.0-OpenSSH_9.6\r\n'
    },
    {
      title: 'E38 stores after 3 attempts what is answered by the status 099',
      text: 'HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n'
    },
    {
      title: 'E40 stores after 3 attempts what is answered by a head without end',
      text: answerText(200, { 'x-filling': 'x'.repeat(100_000) })
    },
    {
      title: 'E43 stores after 3 attempts what is answered by an unasked 100 Continue',
      text: `HTTP/1.1 100 Continue\r\n\r\n${ok}`
    },
    {
      title: 'E48 stores after 3 attempts what is answered with two lengths',
      text: 'HTTP/1.1 200 X\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk'
    },
    {
      title: 'E48 stores after 3 attempts what is answered with a length and chunks',
      text: 'HTTP/1.1 200 X\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
    }
  ]
  for (const { title, text } of notHttp) {
    it(title, async () => {
      const server = await serve(raw(text))
      const sink = await sinkTo(server.url, {}, { retries: 10 }).send(record)
      expect(sink.stats).to.include({ delivered: 0, stored: 1, refused: 0, attempts: 3 })
      expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_PROTOCOL', phase: 'maybe-sent' })
      expect(
        server.requests.map(({ connection }) => connection),
        'no connection is used again'
      ).to.deep.equal([0, 1, 2])
      await sink.recoversWith(server)
    })
  }

  it('E37 delivers to an HTTP/1.0 server that closes after each answer', async () => {
    const server = await serve(raw('HTTP/1.0 200 OK\r\n\r\nok', 'close'))
    const sink = await sinkTo(server.url).send({ id: 1 }, { id: 2 }, { id: 3 })
    expect(sink.stats).to.include({ delivered: 3, attempts: 3 })
    expect(server.connections).to.equal(3)
    await sink.recovers()
  })

  it('E39 retries after a status of a class that nobody knows', async () => {
    const server = await serve(scripted([answer(600), answer(799), answer(999), answer(200)]))
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 4 })
    await sink.recovers()
  })

  // Writes for ever, and tells how much the other side let it write.
  const endless = (status: number) => {
    const flood = { written: 0, fault: (() => {}) as FaultServer['fault'] }
    flood.fault = ({ socket }) => {
      socket.write(answerText(status, { 'content-length': 2 ** 30 }, ''))
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (!socket.destroyed && flood.written < 2 ** 30) {
          flood.written += chunk.length
          if (!socket.write(chunk)) return void socket.once('drain', more)
        }
      }
      more()
    }
    return flood
  }

  it('E41 stops reading an endless body at the cap, and goes by the status', async () => {
    const success = endless(200)
    const server = await serve(success.fault)
    const sink = await sinkTo(server.url, { maxResponseBytes: 10_000 }).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 1 })
    await until(() => server.openConnections === 0, 'the connection to be closed')
    expect(success.written).to.be.below(64 * 1024 * 1024)
    server.fault = endless(400).fault
    await sink.send(record)
    expect(sink.stats).to.include({ delivered: 1, refused: 1, attempts: 2 })
    await sink.recoversWith(server)
  })

  it('E42 does not unpack a compressed answer', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const head = `HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`
    const server = await serve(raw(Buffer.concat([Buffer.from(head), bomb])))
    const before = process.memoryUsage().rss
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 1 })
    expect(process.memoryUsage().rss - before).to.be.below(40_000_000)
    await sink.recovers()
  })

  it('E44 delivers when many informational answers come before the final one', async () => {
    const interim = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'
    const server = await serve(raw(interim.repeat(50) + ok))
    const sink = await sinkTo(server.url).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 1 })
    await sink.recovers()
  })

  it('E49 never takes an answer that was smuggled in behind another for that of the next record', async () => {
    const server = await serve(({ request, socket }) => {
      const { id } = JSON.parse(request.text)
      if (id === 0) socket.write(ok + ok)
      else setTimeout(() => socket.write(answerText(500)), 20)
    })
    const sink = sinkTo(server.url, { numWriters: 1 }, { retries: 0 })
    sink.http.cork()
    for (const id of [0, 1, 2]) sink.http.write({ id })
    sink.http.uncork()
    await sink.idle()
    expect(sink.stats).to.include({ delivered: 1, stored: 2 })
    await sink.recoversWith(server)
  })

  it('E50 never takes an answer that came on an idle connection for that of the next record', async () => {
    const server = await serve(({ request, socket }) => {
      const { id } = JSON.parse(request.text)
      if (id > 0) return void setTimeout(() => socket.write(answerText(500)), 20)
      socket.write(ok)
      setTimeout(() => socket.write(ok), 20)
    })
    const sink = sinkTo(server.url, { numWriters: 1 }, { retries: 0 })
    await sink.send({ id: 0 })
    await pause(50)
    await sink.send({ id: 1 })
    expect(sink.stats).to.include({ delivered: 1, stored: 1 })
    await sink.recoversWith(server)
  })

  it('E52 delivers when the server closes idle connections just as they are used again', async () => {
    const server = await serve(({ socket }) => {
      socket.write(ok)
      setTimeout(() => socket.destroy(), Math.random() * 4)
    })
    const sink = sinkTo(server.url, { numWriters: 1 }, { retries: 50 })
    for (let id = 0; id < 60; id++) {
      await sink.send({ id })
      await pause(Math.random() * 4)
    }
    expect(sink.stats).to.include({ delivered: 60, stored: 0 })
    const keys = server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size, 'one key for each record').to.equal(60)
    await sink.recoversWith(server)
  })

  it('E53 notices nothing when the server closes after every third request', async () => {
    const server = await serve(({ request, socket }) => {
      const { length } = server.requests.filter(({ connection }) => connection === request.connection)
      if (length % 3 === 0) socket.end(answerText(200, { connection: 'close' }))
      else socket.write(ok)
    })
    const sink = sinkTo(server.url, { numWriters: 2 })
    await sink.send(...Array.from({ length: 60 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 60, attempts: 60, retries: 0 })
    expect(server.requests).to.have.length(60)
    await sink.recovers()
  })

  it('E54 sends one at a time on a connection even by a dispatcher that could pipeline', async () => {
    const server = await serve(scripted([closeAfterRequest(), answer(200)]))
    const dispatcher = new Agent({ connections: 1, pipelining: 4 })
    open.push({ close: () => dispatcher.destroy() })
    const sink = sinkTo(server.url, { dispatcher })
    await sink.send(...Array.from({ length: 4 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 4, attempts: 5 })
    expect(server.requests, 'no more than we know of').to.have.length(5)
    await sink.recovers()
  })

  it('E56 takes an early success for one, though the server closes before it has read the body', async () => {
    const early = atHead(({ socket }) => {
      socket.pause()
      socket.write(answerText(200, { connection: 'close' }), () => setTimeout(() => socket.destroy(), 50))
    })
    const server = await serve(early)
    const sink = await sinkTo(server.url).send({ id: 1, filling: 'x'.repeat(4_000_000) })
    expect(sink.stats).to.include({ delivered: 1, attempts: 1 })
    await sink.recoversWith(server)
  })

  it('E58 does not hold up one endpoint when that of another stream is dead', async () => {
    const held = new HeldAnswers()
    const [dead, alive] = await Promise.all([serve(held.fault), serve()])
    const stuck = sinkTo(dead.url, { timeout: 60_000 })
    for (let id = 0; id < 200; id++) stuck.http.write({ id })
    const sink = sinkTo(alive.url)
    await sink.send(...Array.from({ length: 2_000 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 2_000, attempts: 2_000 })
    expect(stuck.stats).to.include({ delivered: 0, accepted: 200 })
    await sink.recovers()
    dead.fault = answer(200)
    held.releaseAll()
    await stuck.idle()
    expect(stuck.stats).to.include({ delivered: 200, attempts: 200 })
  })

  it('E58 keeps a dead origin from holding up the records of another in the same stream', async () => {
    const [dead, alive] = await Promise.all([serve(never()), serve()])
    const sink = sinkTo('', { url: undefined, timeout: 60_000, numWriters: 4 })
    for (let id = 0; id < 50; id++)
      for (const { origin } of [dead, alive]) sink.http.write({ url: `${origin}/${id}`, body: { id } })
    await until(() => sink.stats.delivered === 50, 'the records of the living origin')
    expect(dead.requests.length).to.be.at.most(4)
  })
})
