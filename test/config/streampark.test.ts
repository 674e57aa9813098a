import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { readDocument } from '../../lib/config/document.ts'
import { Secrets } from '../../lib/config/secrets.ts'
import { fromStreamPark, isStreamParkConfig } from '../../lib/config/streampark.ts'
import { OptionsError } from '../../lib/errors.ts'

type Object = Record<string, unknown>

const none = { failover: { storage: 'none' } }

function textsOf(name: string): Object {
  const file = new URL(`fixtures/${name}`, import.meta.url)
  return readDocument(readFileSync(file, 'utf8'), name, {}, new Secrets()).texts
}

function sectionsOf(value: Object, method?: string): Object {
  const { http, retry, failover } = fromStreamPark(value, method)
  return { http, retry, failover }
}

function faultsOf(value: Object): string[] {
  try {
    fromStreamPark(value, undefined, pointer => `${pointer}: `)
  } catch (error) {
    expect(error).to.be.instanceOf(OptionsError)
    return (error as Error).message.split('\n')
  }
  return []
}

const ofThePage = {
  http: { urlQuery: 'body', successCode: 200, numWriters: 3, queueCapacity: 10_000, timeout: 100 },
  retry: { retries: 3 },
  failover: {
    table: 'record',
    storage: 'mysql',
    jdbcUrl: 'jdbc:mysql://localhost:3306/test',
    username: 'root',
    password: '123456'
  }
}

describe('isStreamParkConfig', () => {
  it('knows it by http.sink, nested, dotted or under app', () => {
    const sink = { threshold: { retries: 1 } }
    for (const value of [
      { 'http.sink': sink },
      { http: { sink } },
      { 'http.sink.threshold': { retries: 1 } },
      { 'http.sink.threshold.retries': 1 },
      { http: { 'sink.threshold.retries': 1 } },
      { app: { 'http.sink': sink } },
      { app: { http: { sink } } },
      { 'app.http.sink.threshold.retries': '1' }
    ]) {
      expect(isStreamParkConfig(value), JSON.stringify(value)).to.equal(true)
    }
  })

  it('knows it by keys that stand alone at the top', () => {
    for (const value of [{ numWriters: 3 }, { storage: 'mysql' }, { 'bootstrap.servers': 'h:1' }, { threshold: {} }]) {
      expect(isStreamParkConfig(value), JSON.stringify(value)).to.equal(true)
    }
  })

  it('does not take our own form, or nothing, for it', () => {
    for (const value of [
      { http: { url: 'http://h/' }, failover: { storage: 'file' } },
      { failover: { storage: 'file' }, storage: 'file' },
      { http: {}, numWriters: 3 },
      { source: {} },
      {},
      [],
      null,
      'http.sink'
    ]) {
      expect(isStreamParkConfig(value), JSON.stringify(value)).to.equal(false)
    }
  })
})

describe('fromStreamPark', () => {
  it('takes the page as it stands, nested, and leaves what is not ours alone', () => {
    expect(isStreamParkConfig(textsOf('streampark.yaml'))).to.equal(true)
    expect(sectionsOf(textsOf('streampark.yaml'))).to.deep.equal(ofThePage)
  })

  it('takes the page as it stands, flat', () => {
    expect(isStreamParkConfig(textsOf('streampark-flat.yaml'))).to.equal(true)
    expect(sectionsOf(textsOf('streampark-flat.yaml'))).to.deep.equal(ofThePage)
  })

  it('takes the same as dotted keys, with numbers as texts', () => {
    expect(
      sectionsOf({
        'http.sink.threshold.numWriters': '3',
        'http.sink.threshold.queueCapacity': '10000',
        'http.sink.threshold.requestTimeout': '100',
        'http.sink.threshold.retries': '3',
        'http.sink.threshold.successCode': '200',
        'http.sink.failover.table': 'record',
        'http.sink.failover.storage': 'MySQL',
        'http.sink.failover.mysql.jdbcUrl': 'jdbc:mysql://localhost:3306/test',
        'http.sink.failover.mysql.username': 'root',
        'http.sink.failover.mysql.password': '123456'
      })
    ).to.deep.equal(ofThePage)
  })

  it('takes threshold and failover without http.sink before them', () => {
    expect(sectionsOf({ threshold: { numWriters: 2 }, failover: { storage: 'none' } })).to.deep.equal({
      http: { urlQuery: 'body', successCode: 200, numWriters: 2 },
      retry: {},
      failover: { storage: 'none' }
    })
  })

  it('sends by the method that it is given', () => {
    expect(fromStreamPark({ 'http.sink': none }, 'get').http).to.deep.include({ method: 'get', urlQuery: 'body' })
    expect(fromStreamPark({ 'http.sink': none }).http).to.not.have.property('method')
  })

  it('acknowledges with 200 only, unless successCode says otherwise', () => {
    const codeOf = (successCode: unknown): unknown =>
      fromStreamPark({ 'http.sink': { ...none, threshold: { successCode } } }).http.successCode
    expect(fromStreamPark({ 'http.sink': none }).http.successCode).to.equal(200)
    expect(codeOf(202)).to.equal(202)
    expect(codeOf('202')).to.equal(202)
    expect(codeOf('200, 201')).to.deep.equal([200, 201])
    expect(codeOf([200, '201'])).to.deep.equal([200, 201])
  })

  const storages: ReadonlyArray<readonly [string, Object, Object]> = [
    [
      'kafka',
      { topic: 'bigdata', 'bootstrap.servers': 'h:9091,h:9092' },
      { topic: 'bigdata', 'bootstrap.servers': 'h:9091,h:9092' }
    ],
    [
      'hbase',
      { 'zookeeper.quorum': 'localhost', 'zookeeper.property.clientPort': '2181' },
      { 'zookeeper.quorum': 'localhost', 'zookeeper.property.clientPort': 2181 }
    ],
    [
      'hdfs',
      { namenode: 'hdfs://h:8020', user: 'benjobs', path: '/http/failover', format: 'yyyy-MM-dd' },
      { namenode: 'hdfs://h:8020', user: 'benjobs', path: '/http/failover', format: 'yyyy-MM-dd' }
    ],
    [
      'mysql',
      { jdbcUrl: 'jdbc:mysql://h/t', username: 'root', password: 1, driverClassName: 'com.mysql.cj.jdbc.Driver' },
      { jdbcUrl: 'jdbc:mysql://h/t', username: 'root', password: '1', driverClassName: 'com.mysql.cj.jdbc.Driver' }
    ],
    ['postgres', { jdbcUrl: 'jdbc:postgresql://h/t' }, { jdbcUrl: 'jdbc:postgresql://h/t' }],
    ['file', { path: './failover' }, { path: './failover' }]
  ]
  for (const [storage, own, options] of storages) {
    it(`puts the keys of ${storage} beside the storage, from its section or alone`, () => {
      const inSection = { 'http.sink': { failover: { storage, [storage]: own } } }
      expect(fromStreamPark(inSection).failover).to.deep.equal({ storage, ...options })
      expect(fromStreamPark({ storage, ...own }).failover).to.deep.equal({ storage, ...options })
    })
  }

  it('hands on a key that it does not know in the section of the storage, for the storage to judge', () => {
    const failover = { storage: 'kafka', kafka: { topic: 't', 'compression.type': 'gzip' } }
    expect(fromStreamPark({ 'http.sink': { failover } }).failover).to.deep.include({ 'compression.type': 'gzip' })
  })

  it('leaves the keys of other storages than the chosen one alone', () => {
    const failover = { storage: 'kafka', kafka: { topic: 't' }, mysql: { password: 'x' }, hdfs: { path: '/' } }
    expect(fromStreamPark({ 'http.sink': { failover } }).failover).to.deep.equal({ storage: 'kafka', topic: 't' })
  })

  it('needs no table for a storage that has none', () => {
    for (const storage of ['none', 'console']) {
      expect(fromStreamPark({ 'http.sink': { failover: { storage, table: 'record' } } }).failover).to.deep.equal({
        storage
      })
    }
  })

  it('notices bufferSize and delayTime', () => {
    const { http, notices } = fromStreamPark({
      'http.sink': { ...none, threshold: { bufferSize: 1000, delayTime: '1000' } }
    })
    expect(http).to.deep.equal({ urlQuery: 'body', successCode: 200 })
    expect(notices).to.have.lengthOf(2)
    expect(notices.join(' '))
      .to.include('threshold.bufferSize is not used')
      .and.include('threshold.delayTime is not used')
  })

  it('says where each option came from', () => {
    const { origins } = fromStreamPark({ http: { sink: { 'threshold.timeout': 1, failover: { storage: 'none' } } } })
    expect([...origins]).to.deep.equal([
      ['/http/timeout', '/http/sink/threshold.timeout'],
      ['/failover/storage', '/http/sink/failover/storage']
    ])
  })

  it('C04 refuses a missing storage, which the original would take for "none"', () => {
    expect(faultsOf({ 'http.sink': { threshold: { retries: 1 } } })).to.deep.equal([
      'failover.storage is missing: one of mysql, postgres, kafka, hbase, hdfs, file, console, none; ' +
        'with "none" what fails is dropped'
    ])
  })

  it('C01 refuses a key that is not known, with the nearest known one', () => {
    expect(
      faultsOf({
        'http.sink': { threshold: { succesCode: 200 }, failover: { storge: 'x', storage: 'none', mysq: { a: 1 } } }
      })
    ).to.deep.equal([
      '/http.sink/threshold/succesCode: http.sink has no key "threshold.succesCode", did you mean "successCode"?',
      '/http.sink/failover/storge: http.sink has no key "failover.storge", did you mean "storage"?',
      '/http.sink/failover/mysq/a: failover has no section "mysq", did you mean "mysql"?'
    ])
    expect(faultsOf({ numWritrs: 3, storage: 'none' })).to.deep.equal([
      '/numWritrs: http.sink has no key "numWritrs", did you mean "numWriters"?'
    ])
  })

  it('refuses a key that is given twice, by two names or in two ways', () => {
    expect(faultsOf({ storage: 'none', timeout: 1, requestTimeout: 2 })).to.deep.equal([
      '/requestTimeout: requestTimeout is given twice, under two names: it is http/timeout here'
    ])
    expect(faultsOf({ 'http.sink.failover.storage': 'none', http: { sink: none } })).to.deep.equal([
      'http.sink.failover.storage is given twice, nested and with dots'
    ])
    expect(faultsOf({ http: { sink: none }, app: { http: { sink: none } } })).to.have.lengthOf(1)
    expect(
      faultsOf({ failover: { storage: 'mysql', mysql: { password: 1 }, jdbc: { password: 2 } }, retries: 1 })
    ).to.have.lengthOf(1)
  })

  it('refuses a mixture with our own form', () => {
    for (const [value, name] of [
      [{ 'http.sink': none, retry: { retries: 1 } }, '/retry/retries: retry.retries'],
      [{ 'http.sink': none, failover: { storage: 'file' } }, '/failover/storage: failover.storage'],
      [{ http: { sink: none, url: 'http://h/' } }, '/http/url: http.url'],
      [{ 'http.sink': none, source: { input: '-' } }, '/source/input: source.input'],
      [{ 'http.sink': none, numWriters: 3 }, '/numWriters: numWriters'],
      [{ storage: 'none', retry: { retries: 3 } }, '/retry/retries: retry.retries']
    ] as const) {
      expect(faultsOf(value)).to.deep.equal([
        `${name} cannot stand beside StreamPark's keys: use one form, theirs or ours`
      ])
    }
  })

  it('leaves a value that is no number to the schema', () => {
    expect(fromStreamPark({ storage: 'none', numWriters: 'three', successCode: 'fine', retries: 1.5 })).to.deep.include(
      {
        http: { urlQuery: 'body', numWriters: 'three', successCode: 'fine' },
        retry: { retries: 1.5 }
      }
    )
  })

  it('C21 takes nothing from the prototype of its tables', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      expect(faultsOf({ storage: 'none', [name]: 1 })[0]).to.match(new RegExp(`has no key "${name}"`))
      expect(faultsOf({ 'http.sink': { failover: { storage: name, [name]: { a: 1 } } } })[0]).to.match(/has no section/)
    }
  })
})
