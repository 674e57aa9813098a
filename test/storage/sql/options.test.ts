import { once } from 'node:events'
import { expect } from 'chai'
import { OptionsError } from '../../../lib/errors.ts'
import { MysqlStorage } from '../../../lib/storage/mysql-storage.ts'
import { mysql } from '../../../lib/storage/mysql/dialect.ts'
import { PostgresStorage } from '../../../lib/storage/postgres-storage.ts'
import { postgres } from '../../../lib/storage/postgres/dialect.ts'
import { addressOf, type SqlOptions } from '../../../lib/storage/sql/options.ts'

const common = { username: 'u', table: 't', timeout: 1, lease: 1, insecure: false }
const mysqlAddress = (jdbcUrl: string, more: Partial<SqlOptions> = {}) =>
  addressOf({ ...common, jdbcUrl, ...more }, mysql)
const postgresAddress = (jdbcUrl: string, more: Partial<SqlOptions> = {}) =>
  addressOf({ ...common, jdbcUrl, ...more }, postgres)
const readerOf = (url: string) => (url.startsWith('jdbc:postgresql') ? postgresAddress : mysqlAddress)

describe('the options of mysql and postgres', () => {
  it('jdbcUrl says where the database is', () => {
    expect(mysqlAddress('jdbc:mysql://h/db')).to.deep.include({
      hosts: [{ host: 'h', port: 3306 }],
      database: 'db',
      tls: 'off'
    })
    expect(postgresAddress('jdbc:postgresql://h/db')).to.deep.include({
      hosts: [{ host: 'h', port: 5432 }],
      database: 'db'
    })
    expect(postgresAddress('jdbc:postgresql://h/').database).to.equal('u')
  })

  it('username and password stand before those in the URL', () => {
    const url = 'jdbc:mysql://a:b@h/db?user=c&password=d'
    expect(mysqlAddress(url, { password: 'p' })).to.include({ username: 'u', password: 'p' })
    expect(addressOf({ jdbcUrl: url, table: 't', timeout: 1, lease: 1, insecure: false }, mysql)).to.include({
      username: 'c',
      password: 'd'
    })
    expect(
      addressOf({ jdbcUrl: 'jdbc:mysql://a:b@h/db', table: 't', timeout: 1, lease: 1, insecure: false }, mysql)
    ).to.include({ username: 'a', password: 'b' })
  })

  it('driverClassName must be a driver of the database', () => {
    for (const driverClassName of ['com.mysql.jdbc.Driver', 'com.mysql.cj.jdbc.Driver', 'org.mariadb.jdbc.Driver']) {
      expect(mysqlAddress('jdbc:mysql://h/db', { driverClassName }).database).to.equal('db')
    }
    expect(() => mysqlAddress('jdbc:mysql://h/db', { driverClassName: 'org.postgresql.Driver' })).to.throw(
      OptionsError,
      'failover/driverClassName must be a driver for the database of storage "mysql", got "org.postgresql.Driver"'
    )
    expect(() => postgresAddress('jdbc:postgresql://h/db', { driverClassName: 'com.mysql.cj.jdbc.Driver' })).to.throw(
      OptionsError
    )
  })

  it('takes the parameters of a usual URL for Java', () => {
    const usual =
      'useUnicode=true&characterEncoding=UTF-8&autoReconnect=true&rewriteBatchedStatements=true&serverTimezone=Asia/Shanghai' +
      '&zeroDateTimeBehavior=convertToNull&useSSL=false&allowPublicKeyRetrieval=true&tinyInt1isBit=false&allowMultiQueries=true'
    expect(mysqlAddress(`jdbc:mysql://h/db?${usual}`).tls).to.equal('off')
    const address = postgresAddress(
      'jdbc:postgresql://h/db?ApplicationName=job&currentSchema=audit,public&reWriteBatchedInserts=true&targetServerType=primary'
    )
    expect(address).to.include({ applicationName: 'job', schema: 'audit' })
  })

  const modes: Array<[string, string, boolean?]> = [
    ['jdbc:mysql://h/db', 'off'],
    ['jdbc:mysql://h/db?sslMode=PREFERRED', 'off'],
    ['jdbc:mysql://h/db?useSSL=true', 'full'],
    ['jdbc:mysql://h/db?sslMode=REQUIRED', 'full'],
    ['jdbc:mysql://h/db?sslMode=VERIFY_CA', 'chain'],
    ['jdbc:mysql://h/db?requireSSL=true', 'full'],
    ['jdbc:mariadb://h/db?sslMode=verify-full', 'full'],
    ['jdbc:mysql://h/db?useSSL=true&verifyServerCertificate=false', 'unchecked', true],
    ['jdbc:mysql://h/db?useSSL=false&verifyServerCertificate=false', 'off'],
    ['jdbc:mariadb://h/db?sslMode=trust', 'unchecked', true],
    ['jdbc:mariadb://h/db?trustServerCertificate=true', 'unchecked', true],
    ['jdbc:postgresql://h/db?ssl=true', 'full'],
    ['jdbc:postgresql://h/db?sslmode=prefer', 'off'],
    ['jdbc:postgresql://h/db?sslmode=verify-ca', 'chain'],
    ['jdbc:postgresql://h/db?sslmode=no-verify', 'unchecked', true],
    ['jdbc:postgresql://h/db?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory', 'unchecked', true]
  ]
  for (const [url, tls, needsInsecure = false] of modes) {
    it(`C15 takes ${url} for ${tls}${needsInsecure ? ', with insecure: true only' : ''}`, () => {
      const read = readerOf(url)
      if (needsInsecure) expect(() => read(url)).to.throw(OptionsError, 'needs insecure: true')
      expect(read(url, { insecure: needsInsecure }).tls).to.equal(tls)
    })
  }

  for (const [url, tls, insecure = false] of modes.filter(([url]) => url.includes('&'))) {
    const [start, query] = url.split('?') as [string, string]
    const reversed = `${start}?${query.split('&').reverse().join('&')}`
    it(`C15 takes parameters in any order: ${reversed} for ${tls}`, () => {
      expect(readerOf(url)(reversed, { insecure }).tls).to.equal(tls)
    })
  }

  it('C08 quotes no parameter that may be a part of the password', () => {
    for (const [read, url] of [
      [mysqlAddress, 'jdbc:mysql://h/db?user=u&password=pa&canary'],
      [postgresAddress, 'jdbc:postgresql://h/db?password=pa&canary=1&user=u'],
      [postgresAddress, 'jdbc:postgresql://u:12?canary@h/db']
    ] as const) {
      expect(() => read(url))
        .to.throw(OptionsError, 'may be a part of the password')
        .with.property('message')
        .not.include('canary')
    }
  })

  it('insecure, ca, cert and key are errors where nothing is encrypted', () => {
    expect(() => mysqlAddress('jdbc:mysql://h/db', { insecure: true })).to.throw(OptionsError, 'failover/insecure')
    expect(() => mysqlAddress('jdbc:mysql://h/db', { ca: 'x' })).to.throw(OptionsError, 'failover/ca')
    expect(() => postgresAddress('jdbc:postgresql://h/db?sslrootcert=x')).to.throw(OptionsError, 'failover/ca')
    expect(() => postgresAddress('jdbc:postgresql://h/db?ssl=true', { cert: 'x' })).to.throw(OptionsError, 'together')
    expect(postgresAddress('jdbc:postgresql://h/db?ssl=true&sslrootcert=r&sslcert=c&sslkey=k')).to.include({
      ca: 'r',
      cert: 'c',
      key: 'k'
    })
  })

  it('C15 warns when any certificate is taken', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>
    const jdbcUrl = 'jdbc:postgresql://h/db?ssl=true'
    new PostgresStorage({ jdbcUrl, username: 'u', table: 't', insecure: true })
    const [{ name, message }] = await warned
    expect([name, message]).to.deep.equal([
      'SpillwayWarning',
      'The storage "postgres" takes any certificate: whoever is between can read and alter all.'
    ])
  })

  const wrong: Array<[string, () => unknown, string]> = [
    [
      'another database',
      () => mysqlAddress('jdbc:oracle:thin:@h:1521:x'),
      'must be like jdbc:mysql://host:3306/database, got "jdbc:oracle:"'
    ],
    [
      'the database of storage postgres',
      () => mysqlAddress('jdbc:postgresql://h/db'),
      'got "jdbc:postgresql:"; for that database say storage: postgres'
    ],
    [
      'the database of storage mysql',
      () => postgresAddress('jdbc:mariadb://h/db'),
      'for that database say storage: mysql'
    ],
    ['no database', () => mysqlAddress('jdbc:mysql://h/'), 'failover/jdbcUrl must name a database'],
    [
      'no user',
      () => addressOf({ jdbcUrl: 'jdbc:mysql://h/db', table: 't', timeout: 1, lease: 1, insecure: false }, mysql),
      'failover/username is missing'
    ],
    [
      'unknown parameters',
      () => mysqlAddress('jdbc:mysql://h/db?useSLL=true&sessionVariables=a'),
      'not supported: "useSLL" (did you mean "usessl"?), "sessionVariables"'
    ],
    [
      'a mode that there is not',
      () => postgresAddress('jdbc:postgresql://h/db?sslmode=maybe'),
      'sslmode must be one of disable, allow'
    ],
    [
      'a server that takes no writes',
      () => postgresAddress('jdbc:postgresql://h/db?targetServerType=secondary'),
      'targetServerType must be one of'
    ],
    [
      'a truth that is none',
      () => mysqlAddress('jdbc:mysql://h/db?useSSL=perhaps'),
      'useSSL must be one of true, false'
    ]
  ]
  for (const [name, act, message] of wrong) {
    it(`refuses ${name}`, () => expect(act).to.throw(OptionsError, message))
  }

  for (const table of ['a"; drop table x--', 'a`b', 'a b', '', '1a', 'a.b.c', 'x'.repeat(64), 'ä', 'a;b', '.a', 'a.']) {
    it(`T46 refuses the table ${JSON.stringify(table)}`, () => {
      for (const make of [
        () => new MysqlStorage({ jdbcUrl: 'jdbc:mysql://h/db', username: 'u', table }),
        () => new PostgresStorage({ jdbcUrl: 'jdbc:postgresql://h/db', username: 'u', table })
      ]) {
        expect(make).to.throw(OptionsError, 'failover/table must')
      }
    })
  }

  it('C08 quotes neither URL nor password', () => {
    const options = { jdbcUrl: 5, password: ['canary'], table: 't' }
    expect(() => new MysqlStorage(options as never))
      .to.throw(OptionsError)
      .with.property('message')
      .not.include('canary')
    expect(() => mysqlAddress('jdbc:oracle:canary'))
      .to.throw(OptionsError)
      .with.property('message')
      .not.include('canary')
  })
})
