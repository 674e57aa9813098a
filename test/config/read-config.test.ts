import { expect } from 'chai'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, readConfig } from '../../lib/config/read-config.ts'
import { Secrets } from '../../lib/config/secrets.ts'
import type { Override } from '../../lib/config/sections.ts'
import { OptionsError } from '../../lib/errors.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'

const fixture = (name: string): Promise<string> => readFile(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

const canary = 'canary-4711'

describe('readConfig', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-config-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function read(
    text: string,
    environment: Record<string, string> = {},
    overrides: Override[] = []
  ): Promise<Config> {
    const file = join(folder, 'c.yaml')
    await writeFile(file, text)
    return readConfig(file, { environment, secrets: new Secrets(), overrides })
  }

  async function faultsOf(...args: Parameters<typeof read>): Promise<string[]> {
    const error = await read(...args).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(OptionsError)
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n')
  }

  async function secretFile(content: string, mode = 0o600): Promise<void> {
    await mkdir(join(folder, 'secrets'))
    await writeFile(join(folder, 'secrets/api-key'), content)
    await chmod(join(folder, 'secrets/api-key'), mode)
  }

  it('reads a whole configuration, which the streams take', async () => {
    await secretFile('key-0815\n')
    const config = await read(await fixture('spillway.yaml'), { COLLECTOR_TOKEN: canary, COLLECTOR_URL: 'http://h/x' })
    const { headers, ...http } = config.http
    const given = headers as Record<string, string | (() => string)>
    expect((given.authorization as () => string)()).to.equal(`Bearer ${canary}`)
    expect((given['x-api-key'] as () => string)()).to.equal('key-0815')
    expect(given['x-source']).to.equal('flights')
    expect(http).to.deep.include({ url: 'http://h/x', batchSize: 500, retryOn: [409], drainTimeout: 10_000 })
    expect(config.source).to.deep.equal({ input: './events', format: 'ndjson', maxLineBytes: 16_777_216 })
    expect(config.failover).to.deep.equal({
      storage: 'file',
      path: './failover',
      batchSize: 1_000,
      fallback: { storage: 'console' }
    })
    new HttpWritable(config.http).destroy()
    new RetryTransform(config.retry).destroy()
  })

  it('stores in files unless it is told otherwise', async () => {
    expect((await read('http: { url: http://h/ }')).failover).to.deep.equal({ storage: 'file', path: './failover' })
    expect((await read('failover: { path: ./x }')).failover).to.deep.equal({ storage: 'file', path: './x' })
    expect((await read('failover: { storage: none }')).failover).to.deep.equal({ storage: 'none' })
  })

  it('takes a section without anything in it', async () => {
    expect((await read('http:\n  url: http://h/\nretry:\n')).retry).to.deep.equal({})
  })

  it('C01 refuses unknown sections and options, with the nearest known one and the place', async () => {
    const text =
      'htpp:\n  url: x\nhttp:\n  succesCode: 200\nretry:\n  retires: 1\n  zzz: 2\nfailover:\n  storage: file\n  pth: x\n  path: y\n'
    expect(await faultsOf(text)).to.deep.equal(['c.yaml:1:1 there is no section "htpp", did you mean "http"?'])
    expect(await faultsOf(text.slice(text.indexOf('http:')))).to.deep.equal([
      'c.yaml:2:3 http has no option "succesCode", did you mean "successCode"?',
      'c.yaml:4:3 retry has no option "retires", did you mean "retries"?',
      'c.yaml:5:3 retry has no option "zzz"',
      'c.yaml:8:3 failover has no option "pth", did you mean "path"?'
    ])
  })

  it('has a journal in a folder, unless the file says none', async () => {
    expect((await read('http: {}')).journal).to.deep.equal({ storage: 'file', path: './journal' })
    expect((await read('journal:\n  path: ./j\n  sync: interval\n  interval: 50\n')).journal).to.deep.equal({
      storage: 'file',
      path: './j',
      sync: 'interval',
      interval: 50
    })
    expect((await read('journal:\n  storage: none\n')).journal).to.equal(undefined)
  })

  it('C01 names what is wrong in the section journal', async () => {
    expect(await faultsOf('journal:\n  pth: x\n  sync: sometimes\n')).to.deep.equal([
      'c.yaml:2:3 journal has no option "pth", did you mean "path"?',
      'c.yaml:3:3 journal/sync must be one of "always", "group", "interval", got "sometimes"'
    ])
  })

  it('has no journal in the form of StreamPark, unless a flag asks for one', async () => {
    const text = 'http.sink:\n  failover: { storage: none }\n'
    expect((await read(text)).journal).to.equal(undefined)
    const flag = { section: 'journal', option: 'path', value: './j', flag: '--journal' } as const
    expect((await read(text, {}, [flag])).journal).to.deep.equal({ storage: 'file', path: './j' })
  })

  it('C02 refuses values of the wrong type or out of range, without coercion', async () => {
    const values = ['"64"', '0', '-1', '1.5', '.nan', '.inf', 'true', '[1]', '{}', '']
    for (const value of values) {
      const [fault, ...more] = await faultsOf(`http:\n  numWriters: ${value}\n`)
      expect(fault, value).to.match(/^c\.yaml:2:3 http\/numWriters must be /)
      expect(more, value).to.deep.equal([])
    }
    expect(await faultsOf('failover:\n  storage: file\n  path: 5\n  eager: "yes"\n')).to.deep.equal([
      'c.yaml:3:3 failover/path must be string, got 5',
      'c.yaml:4:3 failover/eager must be boolean, got "yes"'
    ])
    expect(await faultsOf('http: 5\n')).to.deep.equal(['c.yaml:1:1 http must be a section: names and values below it'])
  })

  it('says what is allowed in one line for each option', async () => {
    const [fault, ...more] = await faultsOf('http:\n  format: jsn\n')
    expect(fault).to.match(/^c\.yaml:2:3 http\/format must be one of "json", "ndjson", "text", "form"/)
    expect(more).to.deep.equal([])
  })

  it('C03 refuses an unknown storage by name', async () => {
    const [unknown] = await faultsOf('failover:\n  storage: fiel\n')
    expect(unknown).to.match(/^c\.yaml:2:3 failover\/storage must be one of .*, got "fiel", did you mean "file"\?$/)
  })

  it('C03 checks the storage of a fallback too', async () => {
    const faults = await faultsOf('failover:\n  path: x\n  fallback:\n    storage: console\n    path: y\n')
    expect(faults).to.deep.equal(['c.yaml:5:5 failover/fallback has no option "path"'])
    expect((await faultsOf('failover:\n  path: x\n  fallback:\n    storage: kafka\n'))[0]).to.match(
      /failover\/fallback\/topic is missing/
    )
    expect((await faultsOf('failover:\n  path: x\n  fallback: {}\n'))[0]).to.match(
      /failover\/fallback\/storage is missing/
    )
  })

  it('refuses what only code can give', async () => {
    for (const option of ['dispatcher', 'wrapSender', 'signal']) {
      expect(await faultsOf(`http:\n  ${option}: {}\n`)).to.deep.equal([`c.yaml:2:3 http has no option "${option}"`])
    }
    expect(await faultsOf('failover:\n  storage: {}\n')).to.have.lengthOf(1)
  })

  it('takes an unquoted reference as a number or a boolean where no text can stand', async () => {
    const config = await read(
      'http:\n  numWriters: ${N}\n  url: ${U}\nfailover:\n  path: ${P}\n  eager: ${E:-true}\n',
      {
        N: '8',
        U: 'http://h/',
        P: '123'
      }
    )
    expect(config.http).to.deep.equal({ numWriters: 8, url: 'http://h/' })
    expect(config.failover).to.deep.include({ path: '123', eager: true })
  })

  it('C02 does not take a quoted reference as a number', async () => {
    expect(await faultsOf('http:\n  numWriters: "${N}"\n', { N: '8' })).to.deep.equal([
      'c.yaml:2:3 http/numWriters must be integer'
    ])
  })

  it('C05 does not quote what came from a variable', async () => {
    for (const option of ['numWriters', 'format', 'semantics', 'idempotencyKey']) {
      const faults = await faultsOf(`http:\n  ${option}: "\${V}"\n`, { V: `${canary} é` })
      expect(faults.join('\n'), option).to.not.include('canary')
    }
    expect((await faultsOf('failover:\n  storage: ${V}\n', { V: canary })).join('\n')).to.not.include('canary')
  })

  it('C05 refuses a missing variable or secret file, with its place', async () => {
    expect(await faultsOf('http:\n  url: ${NONE}\n')).to.deep.equal([
      'c.yaml:2:3 http/url needs the environment variable NONE, which is not set'
    ])
    expect(await faultsOf('http:\n  headers:\n    authorization: { file: none }\n')).to.deep.equal([
      'c.yaml:3:5 http/headers/authorization: cannot read the file none: ENOENT'
    ])
  })

  it('finds a secret file by the folder of the configuration, and takes it for an option that is a text', async () => {
    await secretFile('http://h/secret\n')
    const config = await read('http:\n  url: { file: secrets/api-key }\n')
    expect(config.http.url).to.equal('http://h/secret')
  })

  it('does not take a header that is called file, or an option that is no text, for a secret file', async () => {
    expect((await read('http:\n  headers: { file: x }\n')).http.headers).to.deep.equal({ file: 'x' })
    expect((await faultsOf('http:\n  numWriters: { file: x }\n'))[0]).to.match(
      /numWriters must be integer, got an object/
    )
  })

  it('C07 notices a secret file that everybody can read', async () => {
    await secretFile('key-0815', 0o644)
    const { notices } = await read('http:\n  headers:\n    x-api-key: { file: secrets/api-key }\n')
    expect(notices).to.have.lengthOf(1)
    expect(notices[0]).to.match(/everybody can read the secret file .*api-key \(mode 644\)/)
  })

  it('makes a function of a header that came from outside, so that it is not stored', async () => {
    const { headers } = (await read('http:\n  headers:\n    a: ${V}\n    b: ${NONE:-x}\n    c: plain\n', { V: canary }))
      .http
    const given = headers as Record<string, unknown>
    expect([typeof given.a, typeof given.b, typeof given.c]).to.deep.equal(['function', 'function', 'string'])
  })

  it('refuses a header from outside that no header may be, without its value', async () => {
    expect(await faultsOf('http:\n  headers:\n    a: ${V}\n', { V: `${canary}\r\nx: y` })).to.deep.equal([
      'c.yaml:3:5 http/headers: the header a has a character that no header may have'
    ])
  })

  it('lets the command line count more than the file, option by option', async () => {
    const overrides: Override[] = [
      { section: 'http', option: 'url', value: 'http://flag/', flag: '--url' },
      { section: 'retry', option: 'retries', value: 0, flag: '--retries' }
    ]
    const config = await read('http:\n  url: http://file/\n  timeout: 5\nretry:\n  minDelay: 7\n', {}, overrides)
    expect(config.http).to.deep.equal({ url: 'http://flag/', timeout: 5 })
    expect(config.retry).to.deep.equal({ minDelay: 7, retries: 0 })
  })

  it('drops what only the storage of the file takes, when the command line names another one', async () => {
    const storage = (value: string): Override => ({ section: 'failover', option: 'storage', value, flag: '--storage' })
    const path: Override = { section: 'failover', option: 'path', value: './y', flag: '--path' }
    const own = 'table: t, fallback: { storage: file, path: ./f }, batchSize: 5, eager: true'
    const common = { fallback: { storage: 'file', path: './f' }, batchSize: 5, eager: true }
    const mysql = `failover: { storage: mysql, jdbcUrl: "jdbc:mysql://h/d", password: p, ${own} }`
    const failover = async (text: string, ...overrides: Override[]): Promise<unknown> =>
      (await read(text, {}, overrides)).failover

    expect(await failover(mysql, storage('none'))).to.deep.equal({ storage: 'none', ...common })
    expect(await failover(mysql, path, storage('file'))).to.deep.equal({
      storage: 'file',
      path: './y',
      table: 't',
      ...common
    })
    expect(await failover(mysql, storage('mysql'))).to.include({ jdbcUrl: 'jdbc:mysql://h/d', password: 'p' })
    expect(await failover('failover: { path: ./x }', storage('console'))).to.deep.equal({ storage: 'console' })
  })

  it('drops nothing that is wrong in any case', async () => {
    const faults = async (text: string, value: string, ...more: Override[]): Promise<string[]> =>
      faultsOf(text, {}, [{ section: 'failover', option: 'storage', value, flag: '--storage' }, ...more])
    expect(await faults('failover: { path: ./x, pth: y }', 'none')).to.deep.equal([
      'c.yaml:1:24 failover has no option "pth"'
    ])
    expect((await faults('failover: { path: ./x }', 'consol'))[0]).to.match(/^--storage .*did you mean "console"\?$/)
    expect(await faults('failover: { storage: fiel, path: ./x }', 'none')).to.deep.equal([
      'c.yaml:1:28 failover has no option "path"'
    ])
  })

  it('names the flag where a value of the command line is wrong', async () => {
    const overrides: Override[] = [{ section: 'http', option: 'numWriters', value: 0, flag: '--num-writers' }]
    expect(await faultsOf('http:\n  numWriters: 5\n', {}, overrides)).to.deep.equal([
      '--num-writers must be >= 1, got 0'
    ])
  })

  describe('with another storage by a flag', () => {
    const storage = (value: string): Override => ({ section: 'failover', option: 'storage', value, flag: '--storage' })
    const path: Override = { section: 'failover', option: 'path', value: './y', flag: '--path' }
    const mysql = 'failover:\n  storage: mysql\n  jdbcUrl: jdbc:mysql://h/d\n  table: t\n'
    const file = 'failover: { storage: file, path: ./x }'

    it('says which flag is missing, and why', async () => {
      expect(await faultsOf(mysql, {}, [storage('file')])).to.deep.equal([
        '--storage file needs --path FOLDER as well: c.yaml is written for the storage "mysql"'
      ])
      expect(await faultsOf('http: {}', {}, [storage('file')])).to.deep.equal([
        '--storage file needs --path FOLDER as well: c.yaml names no storage'
      ])
    })

    it('says what only the file can give', async () => {
      expect(await faultsOf(file, {}, [storage('mysql')])).to.deep.equal([
        '--storage mysql needs failover/jdbcUrl and failover/table in the file as well: c.yaml is written for the storage "file"'
      ])
      expect(await faultsOf(mysql, {}, [storage('hdfs')])).to.deep.equal([
        '--storage hdfs needs failover/namenode in the file and --path FOLDER as well: c.yaml is written for the storage "mysql"'
      ])
      expect(
        await faultsOf('http.sink:\n  failover: { storage: kafka, kafka.topic: t }', {}, [storage('mysql')])
      ).to.deep.equal([
        '--storage mysql needs http.sink.failover.mysql.jdbcUrl and http.sink.failover.table in the file as well: c.yaml is written for the storage "kafka"'
      ])
    })

    it('says whose a folder would be', async () => {
      expect(await faultsOf(mysql, {}, [path])).to.deep.equal([
        '--path is for the storages file and hdfs, and c.yaml is written for the storage "mysql": give --storage file as well'
      ])
      expect(await faultsOf(file, {}, [storage('none'), path])).to.deep.equal([
        '--path is for the storages file and hdfs, not for --storage none'
      ])
    })

    it('says what is wrong beside it', async () => {
      expect(await faultsOf(`${mysql}  eager: 5\nretry: { retries: -1 }\n`, {}, [storage('file')])).to.deep.equal([
        'c.yaml:6:10 retry/retries must be >= 0, got -1',
        '--storage file needs --path FOLDER as well: c.yaml is written for the storage "mysql"',
        'c.yaml:5:3 failover/eager must be boolean, got 5'
      ])
    })

    it('leaves what the file lacks for its own storage to the file', async () => {
      expect(await faultsOf('failover: { storage: mysql, table: t }', {}, [storage('mysql')])).to.deep.equal([
        'c.yaml:1:1 failover/jdbcUrl is missing'
      ])
    })
  })

  it('says of a value that may be of several kinds in one sentence what it must be', async () => {
    const kafka = 'failover: { storage: kafka, topic: t, bootstrap.servers: { a: 1 }, tls: 7, fallback: true }'
    const text = `http:\n  successCode: { a: 1 }\n  retryOn: [200, null]\n  idempotencyKey: true\n${kafka}\n`
    expect(await faultsOf(text)).to.deep.equal([
      'c.yaml:2:3 http/successCode must be integer, string or array, got an object',
      'c.yaml:3:18 http/retryOn/1 must be integer or string, got null',
      'c.yaml:4:3 http/idempotencyKey must be string or false, got true',
      'c.yaml:5:39 failover/bootstrap.servers must be string or array, got an object',
      'c.yaml:5:68 failover/tls must be boolean or object, got 7',
      'c.yaml:5:76 failover/fallback must be object or false, got true'
    ])
  })

  it('reads JSON', async () => {
    expect((await read('{"http": {"url": "http://h/", "successCode": [200, 201]}}')).http).to.deep.equal({
      url: 'http://h/',
      successCode: [200, 201]
    })
  })

  it('refuses a file that is not there, is a folder, is too long or not UTF-8', async () => {
    const options = { environment: {}, secrets: new Secrets() }
    const faultAt = async (path: string): Promise<string> => {
      const error = await readConfig(path, options).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(OptionsError)
      return (error as Error).message.replaceAll(folder, '…')
    }
    expect(await faultAt(join(folder, 'none'))).to.equal('cannot read the configuration …/none: there is no such file')
    expect(await faultAt(folder)).to.equal('cannot read the configuration …: it is a folder')
    await writeFile(join(folder, 'big'), '#'.repeat(1_100_000))
    expect(await faultAt(join(folder, 'big'))).to.equal(
      'cannot read the configuration …/big: it has more than 1048576 bytes'
    )
    await writeFile(join(folder, 'latin'), Uint8Array.of(0x61, 0x3a, 0x20, 0xe9))
    expect(await faultAt(join(folder, 'latin'))).to.equal('cannot read the configuration …/latin: it is not UTF-8')
  })

  describe('in the form of StreamPark', () => {
    const withFiles = async (): Promise<string> =>
      (await fixture('streampark.yaml')).replace('storage: mysql', 'storage: file')

    it('maps it and leaves the sections of other programs alone', async () => {
      const text = (await withFiles()).replace('    hdfs:', '    file:')
      const { http, retry, failover } = await read(text.replace(/ {6}(namenode|user|format):.*\n/g, ''))
      expect(http).to.deep.equal({
        urlQuery: 'body',
        successCode: 200,
        numWriters: 3,
        queueCapacity: 10_000,
        timeout: 100
      })
      expect(retry).to.deep.equal({ retries: 3 })
      expect(failover).to.deep.equal({ storage: 'file', table: 'record', path: '/http/failover' })
      new HttpWritable(http).destroy()
    })

    it('C03 names an unknown storage at its place', async () => {
      const text = (await fixture('streampark.yaml')).replace('storage: mysql', 'storage: hbas')
      const [fault, ...more] = await faultsOf(text)
      expect(fault).to.match(
        /^c\.yaml:21:5 http\.sink\.failover\.storage must be one of .*, got "hbas", did you mean "hbase"\?/
      )
      expect(more).to.deep.equal([])
    })

    it('takes the options of MySQL as they are, a password of digits too', async () => {
      const { failover } = await read(await fixture('streampark.yaml'))
      expect(failover).to.deep.equal({
        storage: 'mysql',
        table: 'record',
        jdbcUrl: 'jdbc:mysql://localhost:3306/test',
        username: 'root',
        password: '123456',
        fallback: { storage: 'file', path: './failover', table: 'mysql' }
      })
    })

    it('has the local disk as the last resort of a storage that is reached over a network, and of no other', async () => {
      const fallbackOf = async (failover: string): Promise<unknown> => (await read(failover)).failover.fallback
      const kafka = 'failover: { storage: kafka, topic: t, bootstrap.servers: "a:1"'
      expect(await fallbackOf(`${kafka} }`)).to.deep.equal({ storage: 'file', path: './failover', table: 'kafka' })
      expect(await fallbackOf(`${kafka}, fallback: { storage: none } }`)).to.deep.equal({ storage: 'none' })
      expect(await fallbackOf(`${kafka}, fallback: false }`)).to.equal(undefined)
      expect(await fallbackOf('failover: { storage: file, path: x }')).to.equal(undefined)
      expect(await fallbackOf('failover: { storage: console }')).to.equal(undefined)
    })

    it('C02 says where a value is wrong', async () => {
      expect(
        await faultsOf('http.sink:\n  threshold:\n    numWriters: three\n  failover.storage: none\n')
      ).to.deep.equal(['c.yaml:3:5 http.sink.threshold.numWriters must be integer, got "three"'])
    })

    it('names what is missing as it would be written there', async () => {
      expect(await faultsOf('http.sink:\n  failover: { storage: mysql, table: t }\n')).to.deep.equal([
        'c.yaml:1:1 http.sink.failover.mysql.jdbcUrl is missing'
      ])
      expect(await faultsOf('app:\n  http.sink.failover.storage: file\n')).to.deep.equal([
        'c.yaml:1:1 app.http.sink.failover.file.path is missing'
      ])
      expect(await faultsOf('storage: mysql\njdbcUrl: jdbc:mysql://h/d\n')).to.deep.equal([
        'c.yaml:1:1 table is missing'
      ])
    })

    it('names the flag beside a key that cannot go with it', async () => {
      const overrides: Override[] = [{ section: 'http', option: 'batchSize', value: 7, flag: '--batch-size' }]
      const { fault } = await read(
        'http.sink:\n  threshold.queueCapacity: 5\n  failover.storage: none\n',
        {},
        overrides
      )
      expect(
        fault('http/queueCapacity must be at least http/batchSize, 7, got 5').replaceAll(`${folder}/`, '')
      ).to.equal('c.yaml:2:3 http.sink.threshold.queueCapacity must be at least --batch-size, 7, got 5')
    })

    it('refuses a URL of the command line: its records are URLs', async () => {
      const overrides: Override[] = [{ section: 'http', option: 'url', value: 'http://h/', flag: '--url' }]
      expect(await faultsOf('storage: none\nretries: 1\n', {}, overrides)).to.deep.equal([
        '--url cannot stand beside c.yaml: it is in the form of StreamPark, where each record is the URL that it is sent to'
      ])
    })

    it('takes the options that it has for the storage of the command line', async () => {
      const storage: Override = { section: 'failover', option: 'storage', value: 'mysql', flag: '--storage' }
      const text =
        'http.sink.failover:\n  storage: kafka\n  table: t\n  kafka: { topic: t, bootstrap.servers: "h:1" }\n'
      const { failover } = await read(`${text}  mysql.jdbcUrl: jdbc:mysql://h/d\n`, {}, [storage])
      expect(failover).to.deep.include({ storage: 'mysql', jdbcUrl: 'jdbc:mysql://h/d', table: 't' })
      expect(failover).to.not.have.any.keys('topic', 'bootstrap.servers')
    })

    it('C01 says where a key is not known', async () => {
      expect(await faultsOf('http.sink:\n  threshold:\n    numWritrs: 3\n  failover.storage: none\n')).to.deep.equal([
        'c.yaml:3:5 http.sink has no key "threshold.numWritrs", did you mean "numWriters"?'
      ])
    })

    it('expands variables and takes numbers from them', async () => {
      const text = 'http.sink:\n  threshold.numWriters: ${N}\n  failover: { storage: "${S}" }\n'
      const { http, failover } = await read(text, { N: '5', S: 'None' })
      expect(http).to.deep.include({ numWriters: 5 })
      expect(failover).to.deep.equal({ storage: 'none' })
      expect((await faultsOf(text, { N: canary, S: 'none' })).join()).to.not.include('canary')
    })

    it('is sent by the method of the command line', async () => {
      const overrides: Override[] = [{ section: 'http', option: 'method', value: 'put', flag: '--method' }]
      expect((await read('storage: none\nretries: 1\n', {}, overrides)).http).to.deep.include({ method: 'put' })
    })

    it('hands on the notices', async () => {
      const { notices } = await read('http.sink:\n  threshold.bufferSize: 5\n  failover.storage: none\n')
      expect(notices).to.have.lengthOf(1)
    })
  })
})
