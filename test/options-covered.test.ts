import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { failoverSchema } from '../lib/failover-writable.ts'
import { httpSchema } from '../lib/http-writable.ts'
import { journalSchema } from '../lib/journal-transform.ts'
import { replaySchema } from '../lib/replay.ts'
import { retrySchema } from '../lib/retry-transform.ts'
import { hbaseStorageSchema } from '../lib/storage/hbase-storage.ts'
import { hdfsStorageSchema } from '../lib/storage/hdfs-storage.ts'
import { kafkaStorageSchema } from '../lib/storage/kafka-storage.ts'
import { mysqlStorageSchema } from '../lib/storage/mysql-storage.ts'

interface Section {
  readonly schema: { readonly properties: object }
  /** The files of tests. */
  readonly files: readonly string[]
  /** For each option the test that fails when it is ignored, as its title stands in the source. */
  readonly titles: Readonly<Record<string, string>>
}

const sections: Readonly<Record<string, Section>> = {
  http: {
    schema: httpSchema,
    files: ['http-writable.test.ts'],
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
    files: ['retry-transform.test.ts'],
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
    files: ['failover-writable.test.ts'],
    titles: {
      storage: 'storage stores there, and leaves open a Storage that was made by the caller',
      batchSize: 'batchSize puts no more deliveries in one append',
      eager: 'eager opens the storage at the start',
      moveBack:
        "moveBack ${moveBack} ${moveBack ? 'brings back' : 'leaves'} what the fallback holds from an earlier run",
      fallback: 'fallback stores there what the first storage does not take, and its fallback in turn'
    }
  },
  replay: {
    schema: replaySchema,
    files: ['replay.test.ts'],
    titles: {
      storage: 'storage gives what it holds, oldest first',
      filter: 'filter gives only what matches',
      limit: 'limit gives no more deliveries than that',
      rate: 'rate gives no more records a second than that'
    }
  },
  journal: {
    schema: journalSchema,
    files: ['journal-transform.test.ts'],
    titles: {
      storage: 'storage names one, with its own options beside it',
      sync: 'sync always makes each record durable by itself, one after the other',
      interval: 'interval is the time between two syncs with sync: interval, which calls back before',
      queueCapacity: 'queueCapacity holds back the source when so many records wait',
      queueBytes: 'queueBytes holds back the source when so many bytes wait'
    }
  },
  'mysql and postgres': {
    schema: mysqlStorageSchema,
    files: [
      'storage/sql/options.test.ts',
      'integration/sql/own-server.ts',
      'integration/sql/tables.ts',
      'integration/sql/faults.ts',
      'integration/sql/claims.ts'
    ],
    titles: {
      jdbcUrl: 'jdbcUrl says where the database is',
      username: 'username and password stand before those in the URL',
      password: 'username and password stand before those in the URL',
      driverClassName: 'driverClassName must be a driver of the database',
      table: 'keeps values and timestamp as StreamPark has them, and the rest beside them',
      timeout: 'T35 gives up after its timeout when the server does not answer, and goes on when it does',
      lease: 'lets a claim lapse when its reader is not heard of any more',
      ca: 'says that the server is not trusted, unless its certificate is known or anyone is taken',
      cert: 'shows its certificate to a server that wants one',
      key: 'shows its certificate to a server that wants one',
      insecure: 'says that the server is not trusted, unless its certificate is known or anyone is taken'
    }
  },
  kafka: {
    schema: kafkaStorageSchema,
    files: ['storage/kafka-storage.test.ts', 'integration/kafka-faults.test.ts', 'integration/kafka-outage.test.ts'],
    titles: {
      topic: 'makes the topic with the partitions and copies that it is told',
      'bootstrap.servers': 'takes brokers as StreamPark writes them, and as a list',
      createTopic: 'T52 does not make a topic that it must not make',
      partitions: 'makes the topic with the partitions and copies that it is told',
      replicationFactor: 'makes the topic with the partitions and copies that it is told',
      groupId: 'keeps what is settled in the group that it is told',
      sessionTimeout: 'says that the broker does not allow the sessionTimeout',
      batchBytes: 'T52 T54 refuses what is larger than the topic allows, and nothing that was appended with it',
      timeout: 'T35 gives up within its timeout while the broker answers nothing, and goes on when it does',
      sasl: 'speaks SASL',
      tls: 'speaks TLS, and trusts whom it is told to'
    }
  },
  hbase: {
    schema: hbaseStorageSchema,
    files: [
      'storage/hbase-storage.test.ts',
      'integration/hbase.test.ts',
      'integration/hbase-faults.test.ts',
      'integration/hbase-streampark.test.ts'
    ],
    titles: {
      table: 'runs a configuration of StreamPark as it stands, and brings back by replay what failed',
      'zookeeper.quorum': 'T33 goes on to the next server of the quorum when the first is away',
      'zookeeper.property.clientPort': 'zookeeper.property.clientPort is the port of servers without one',
      'zookeeper.znode.parent': 'names a node that is not there',
      'rest.url': 'names a REST server that is none',
      user: 'T37 says that the user may not write, and names the table',
      timeout: 'timeout ends a call that gets no answer',
      lease: 'gives what a reader had claimed to another when it has said nothing for its lease'
    }
  },
  hdfs: {
    schema: hdfsStorageSchema,
    files: ['storage/hdfs-storage.test.ts'],
    titles: {
      namenode: 'namenode and httpPort ask the WebHDFS of an RPC address, and say so once',
      httpPort: 'namenode and httpPort ask the WebHDFS of an RPC address, and say so once',
      user: 'user is said in every step',
      token: 'token is said to the NameNode, and in no message',
      path: 'path, table and format make the folders, one file for each flush',
      table: 'path, table and format make the folders, one file for each flush',
      format: 'path, table and format make the folders, one file for each flush',
      timeout: 'T35 timeout ends a call that takes longer, and the next one works',
      lease: 'lease is how long the claims of a dead reader hold',
      hosts: 'T58 hosts says where the body may be sent'
    }
  }
}

describe('Every option', () => {
  for (const [name, { schema, files, titles }] of Object.entries(sections)) {
    const source = files.map(file => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n')

    for (const option of Object.keys(schema.properties)) {
      it(`${name}/${option} has a test that fails when it is ignored`, () => {
        const title = titles[option]
        expect(title, `no title in the table for ${name}/${option}`).to.be.a('string')
        const found = ["'", '`'].some(quote => source.includes(`it(${quote}${title}${quote}`))
        expect(found, `no test in ${files.join(', ')} of the title: ${title}`).to.equal(true)
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
