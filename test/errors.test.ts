import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createServer, type Server } from 'node:tls'
import { expect } from 'chai'
import chain from 'stream-chain'
import { Delivery } from '../lib/delivery.ts'
import {
  DeliveryError,
  type ErrorCode,
  errorCodes,
  OptionsError,
  SpillwayError,
  StorageError,
  StreamError
} from '../lib/errors.ts'
import { FailoverWritable } from '../lib/failover-writable.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import { storageFrom } from '../lib/storage/registry.ts'
import { selfSigned } from './support/certificate.ts'
import { answer, never, raw } from './support/fault.ts'
import { type FaultServer, faultServer } from './support/fault-server.ts'
import { MemoryStorage, storageFailure } from './support/memory-storage.ts'
import { within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'

describe('errorCodes', () => {
  const servers: FaultServer[] = []
  async function serve(fault = answer(200)): Promise<string> {
    const server = await faultServer(fault)
    servers.push(server)
    return server.url
  }
  afterEach(() => Promise.all(servers.splice(0).map(server => server.close())))

  /** The error of the one record that fails. */
  async function failedWith(options: HttpOptions, record: unknown = 1): Promise<unknown> {
    const http = new HttpWritable({ timeout: 2_000, ...options })
    http.end(record)
    const [delivery] = (await within(http.toArray(), 'the failed delivery')) as [Delivery]
    return delivery.error
  }

  /** The error that ends a stream. */
  async function endedWith(act: (http: HttpWritable) => void, options: HttpOptions = {}): Promise<unknown> {
    const http = new HttpWritable({ url: nowhere, ...options })
    const failure = once(http, 'error')
    act(http)
    const [error] = (await within(failure, 'an error')) as [unknown]
    return error
  }

  /** What the failover stream ends with when its storage fails like this. */
  async function storingWith(error: StorageError): Promise<unknown> {
    const storage = new MemoryStorage()
    storage.beforeAppend = () => {
      throw error
    }
    return pipeline(Readable.from([new Delivery(['1'])]), new FailoverWritable({ storage })).catch(
      (reason: unknown) => reason
    )
  }

  async function untrusted(): Promise<unknown> {
    const { key, cert } = selfSigned()
    const server: Server = createServer({ key, cert }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    try {
      return await failedWith({ url: `https://127.0.0.1:${port}/` })
    } finally {
      server.close()
    }
  }

  function thrownBy(act: () => unknown): unknown {
    try {
      act()
    } catch (error) {
      return error
    }
    return undefined
  }

  /** How each code is met, and the class that carries it. */
  const met: Record<ErrorCode, [new (...args: never[]) => SpillwayError, () => unknown]> = {
    SPW_ERR_OPTIONS: [OptionsError, () => thrownBy(() => storageFrom({ storage: 'nowhere' }))],
    SPW_ERR_CONNECT: [DeliveryError, () => failedWith({ url: nowhere })],
    SPW_ERR_TLS: [DeliveryError, untrusted],
    SPW_ERR_NETWORK: [
      DeliveryError,
      async () => failedWith({ url: await serve(({ socket }) => void socket.resetAndDestroy()) })
    ],
    SPW_ERR_TIMEOUT: [DeliveryError, async () => failedWith({ url: await serve(never()), timeout: 50 })],
    SPW_ERR_PROTOCOL: [
      DeliveryError,
      async () => failedWith({ url: await serve(raw('SSH-2.0-OpenSSH\r\n', 'close')) })
    ],
    SPW_ERR_STATUS: [DeliveryError, async () => failedWith({ url: await serve(answer(503)) })],
    SPW_ERR_SHUTDOWN: [DeliveryError, () => failedWith({ url: nowhere, signal: AbortSignal.abort() })],
    SPW_ERR_ENCODE: [DeliveryError, () => failedWith({ url: nowhere }, 1n)],
    SPW_ERR_REQUEST: [DeliveryError, () => failedWith({}, '/relative')],
    SPW_ERR_TOO_LARGE: [DeliveryError, () => failedWith({ url: nowhere, queueBytes: 5 }, 'too large')],
    SPW_ERR_SENDER: [
      DeliveryError,
      () => failedWith({ url: nowhere, wrapSender: () => ({ send: () => Promise.reject(new Error('mine')) }) })
    ],
    SPW_ERR_OVERFLOW: [
      StreamError,
      () =>
        endedWith(
          http => {
            for (let i = 0; i < 100; i++) http.write(i)
          },
          { queueCapacity: 1 }
        )
    ],
    SPW_ERR_NO_READER: [StreamError, () => endedWith(http => http.end(1n))],
    SPW_ERR_ABANDONED: [
      StreamError,
      () =>
        new Promise(resolve => {
          const http = new HttpWritable({ url: nowhere, queueCapacity: 1, numWriters: 1 })
          for (let i = 0; i < 3; i++) http.write(i, error => error && resolve(error))
          http.destroy()
        })
    ],
    SPW_ERR_CHAIN: [
      StreamError,
      () => thrownBy(() => chain([(record: unknown) => record, new HttpWritable({ url: nowhere })] as never))
    ],
    SPW_ERR_SETTLE: [
      StreamError,
      async () => {
        const url = await serve()
        const hook = (): Promise<void> => Promise.reject(new Error('mine'))
        return endedWith(http => void http.write(new Delivery(['1']).onSettled(hook)), { url })
      }
    ],
    SPW_ERR_STORAGE: [StorageError, () => storingWith(new TypeError('mine') as never)],
    SPW_ERR_STORAGE_FULL: [StorageError, () => storingWith(storageFailure(false, 'SPW_ERR_STORAGE_FULL'))],
    SPW_ERR_STORAGE_LOCKED: [StorageError, () => storingWith(storageFailure(false, 'SPW_ERR_STORAGE_LOCKED'))],
    SPW_ERR_STORAGE_REFUSED: [StorageError, () => storingWith(storageFailure(false, 'SPW_ERR_STORAGE_REFUSED'))]
  }

  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    it(`${code} is carried by an error that is met, and by its own class`, async () => {
      const [kind, meet] = met[code]
      const error = await meet()
      expect(error).to.be.instanceOf(kind).and.instanceOf(SpillwayError).and.instanceOf(Error)
      expect(error).to.have.property('code', code)
      expect((error as Error).name).to.equal(kind.name)
      expect((error as Error).message).to.match(/^\S.*\S$/s)
    })
  }

  it('have a meaning each', () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      expect(code).to.match(/^SPW_ERR_[A-Z_]+$/)
      expect(meaning, code).to.match(/^\S.{10,}\S$/)
    }
  })
})

describe('DeliveryError', () => {
  it('has what follows from it in its properties', () => {
    const cause = new Error('cause')
    const error = new DeliveryError('SPW_ERR_STATUS', 'message', {
      phase: 'answered',
      retryable: true,
      status: 503,
      cause
    })
    expect(error).to.include({
      phase: 'answered',
      retryable: true,
      outcome: 'exhausted',
      budget: undefined,
      countsAsAttempt: true,
      splittable: false,
      status: 503,
      retryAfter: undefined,
      notBefore: undefined,
      cause
    })
  })

  it('is refused for good when it is not retryable, unless it says otherwise', () => {
    const of = (outcome?: 'ambiguous'): string =>
      new DeliveryError('SPW_ERR_TIMEOUT', 'x', { phase: 'maybe-sent', retryable: false, ...(outcome && { outcome }) })
        .outcome
    expect([of(), of('ambiguous')]).to.deep.equal(['refused', 'ambiguous'])
  })
})
