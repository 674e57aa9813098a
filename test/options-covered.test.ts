import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { failoverSchema } from '../lib/failover-writable.ts'
import { httpSchema } from '../lib/http-writable.ts'
import { replaySchema } from '../lib/replay.ts'
import { retrySchema } from '../lib/retry-transform.ts'

interface Section {
  readonly schema: { readonly properties: object }
  /** The file of tests. */
  readonly file: string
  /** For each option the test that fails when it is ignored, as its title stands in the source. */
  readonly titles: Readonly<Record<string, string>>
}

const sections: Readonly<Record<string, Section>> = {
  http: {
    schema: httpSchema,
    file: 'http-writable.test.ts',
    titles: {
      url: 'url sends every record there',
      method: 'method sends ${method}, in any case',
      headers: 'headers sends them, and calls a function of them at each attempt',
      numWriters: 'numWriters has so many requests under way, and so many connections',
      queueCapacity: 'queueCapacity lets so many records wait, and 16 in front',
      highWaterMark: 'highWaterMark is the other name of queueCapacity',
      queueBytes: 'queueBytes lets so many bytes wait, in flight too',
      timeout: 'timeout ends an attempt that takes longer',
      successCode: 'successCode acknowledges, and nothing else does',
      retryOn: 'retryOn makes retryable what would be refused',
      refuseOn: 'refuseOn refuses what would be retried, before retryOn is asked',
      format: 'format makes bodies of ${type}',
      batchSize: 'batchSize puts so many records in one request',
      batchBytes: 'batchBytes limits the bytes of a request, and lets a larger record go alone',
      batchDelay: 'batchDelay sends a batch that is not full, and not at once',
      idempotencyKey: 'idempotencyKey names the header of the id',
      semantics: 'semantics at-most-once stores as ambiguous what may have been sent',
      urlQuery: 'urlQuery body makes a body of the query of a URL',
      dispatcher: 'dispatcher sends by the one that is given, and leaves it open',
      wrapSender: 'wrapSender puts a Sender around the built-in one, which signs each attempt',
      maxResponseBytes: 'maxResponseBytes cuts a longer answer and goes by its status',
      maxRetryAfter: 'maxRetryAfter is the longest that is waited for',
      signal: 'signal drains when it aborts, and destroys nothing',
      drainTimeout: 'drainTimeout cuts off what is under way so long after the signal'
    }
  },
  retry: {
    schema: retrySchema,
    file: 'retry-transform.test.ts',
    titles: {
      retries: 'retries ${retries} makes so many attempts after the first',
      minDelay: 'minDelay waits before the first retry',
      maxDelay: 'maxDelay limits what the delay grows to',
      maxElapsed: 'maxElapsed begins no attempt later than that after the first failure',
      queueCapacity: 'queueCapacity holds back the source when so many records wait',
      queueBytes: 'queueBytes holds back the source when so many bytes wait'
    }
  },
  failover: {
    schema: failoverSchema,
    file: 'failover-writable.test.ts',
    titles: {
      storage: 'storage stores there, and leaves open a Storage that was made by the caller',
      batchSize: 'batchSize puts no more deliveries in one append',
      eager: 'eager opens the storage at the start',
      fallback: 'fallback stores there what the first storage does not take, and its fallback in turn'
    }
  },
  replay: {
    schema: replaySchema,
    file: 'replay.test.ts',
    titles: {
      storage: 'storage gives what it holds, oldest first',
      filter: 'filter gives only what matches',
      limit: 'limit gives no more deliveries than that',
      rate: 'rate gives no more records a second than that'
    }
  }
}

describe('Every option', () => {
  for (const [name, { schema, file, titles }] of Object.entries(sections)) {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8')

    for (const option of Object.keys(schema.properties)) {
      it(`${name}/${option} has a test that fails when it is ignored`, () => {
        const title = titles[option]
        expect(title, `no title in the table for ${name}/${option}`).to.be.a('string')
        const found = ["'", '`'].some(quote => source.includes(`it(${quote}${title}${quote}`))
        expect(found, `no test in ${file} of the title: ${title}`).to.equal(true)
      })
    }

    it(`of ${name} is in its schema`, () => {
      expect(Object.keys(schema.properties)).to.include.members(Object.keys(titles))
    })
  }
})

describe('Every test', () => {
  it('runs: none is skipped, and none runs alone', () => {
    const files = readdirSync(new URL('.', import.meta.url), { recursive: true, encoding: 'utf8' })
    const marked = files
      .filter(file => file.endsWith('.test.ts'))
      .filter(file => /\b(?:it|describe)\.(?:skip|only)\(/.test(readFileSync(new URL(file, import.meta.url), 'utf8')))
    expect(marked).to.deep.equal([])
  })
})
