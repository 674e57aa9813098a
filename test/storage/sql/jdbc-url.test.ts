import { expect } from 'chai'
import { OptionsError } from '../../../lib/errors.ts'
import { type JdbcUrl, parseJdbcUrl } from '../../../lib/storage/sql/jdbc-url.ts'
import { processorTime } from '../../support/processor-time.ts'

describe('parseJdbcUrl', () => {
  const right: Array<[string, Partial<JdbcUrl>]> = [
    [
      'jdbc:mysql://localhost:3306/test',
      { kind: 'mysql', hosts: [{ host: 'localhost', port: 3306 }], database: 'test' }
    ],
    ['jdbc:mysql://h/db', { hosts: [{ host: 'h' }], database: 'db' }],
    ['jdbc:mysql:///db', { hosts: [{ host: 'localhost' }], database: 'db' }],
    ['JDBC:MySQL://h/db', { kind: 'mysql' }],
    [
      'jdbc:mariadb://a:1,b:2,[::1]:3/db',
      {
        kind: 'mariadb',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: '::1', port: 3 }
        ]
      }
    ],
    ['jdbc:mysql:replication://a,b/db', { kind: 'mysql', hosts: [{ host: 'a' }, { host: 'b' }] }],
    ['jdbc:mariadb:sequential://a/db', { kind: 'mariadb' }],
    ['jdbc:postgresql://[fe80::1%25eth0]:1/db', { hosts: [{ host: 'fe80::1%eth0', port: 1 }] }],
    ['jdbc:postgresql://h:5432/', { database: undefined }],
    ['jdbc:postgresql:db', { hosts: [{ host: 'localhost' }], database: 'db' }],
    ['jdbc:postgresql:/', { hosts: [{ host: 'localhost' }], database: undefined }],
    ['jdbc:mysql://u:p%40ss@h/db', { username: 'u', password: 'p@ss', hosts: [{ host: 'h' }] }],
    ['jdbc:mysql://u:p:q@h/db', { username: 'u', password: 'p:q' }],
    [
      'jdbc:mysql://h/my%20db?a=1&b=x%26y&c&=d&e=f=g',
      {
        database: 'my db',
        parameters: new Map([
          ['a', '1'],
          ['b', 'x&y'],
          ['c', ''],
          ['e', 'f=g']
        ])
      }
    ],
    ['jdbc:mysql://h/db?password=p@s/s', { hosts: [{ host: 'h' }], parameters: new Map([['password', 'p@s/s']]) }]
  ]
  for (const [text, parts] of right) {
    it(`reads ${text}`, () => {
      expect(parseJdbcUrl(text)).to.deep.include(parts)
    })
  }

  const wrong: Array<[string, string]> = [
    ['mysql://h/db', 'must begin with "jdbc:"'],
    ['jdbc:', 'must begin with "jdbc:"'],
    ['jdbc:mysql:fancy://h/db', 'has the unknown form jdbc:mysql:fancy'],
    ['jdbc:mysql://h:0/db', 'must have hosts'],
    ['jdbc:mysql://h:65536/db', 'must have hosts'],
    ['jdbc:mysql://h:x/db', 'must have hosts'],
    ['jdbc:mysql://a b/db', 'must have hosts'],
    ['jdbc:mysql://address=(host=h)(port=1)/db', 'must have hosts'],
    ['jdbc:mysql://h/db?password=%zz', 'has a % that does not begin an escape']
  ]
  for (const [text, message] of wrong) {
    it(`refuses ${text}`, () => {
      expect(() => parseJdbcUrl(text)).to.throw(OptionsError, `failover/jdbcUrl ${message}`)
    })
  }

  it('C08 quotes no password', () => {
    for (const text of [
      'jdbc:mysql://u:canary@h:x/db',
      'jdbc:mysql://h/db?password=canary%',
      'mysql://u:canary@h/db'
    ]) {
      expect(() => parseJdbcUrl(text))
        .to.throw(OptionsError)
        .with.property('message')
        .not.include('canary')
    }
  })

  it('C20 reads a text of 1 MB at once', () => {
    for (const part of ['a', '/', ':', '?', '&', '%20', '[', ',']) {
      const url = `jdbc:mysql://${part.repeat(1_000_000)}`
      expect(processorTime(() => read(url))).to.be.below(2_000)
    }
  })
})

/** Reads it; what is wrong with it must be said as such. */
function read(url: string): void {
  try {
    parseJdbcUrl(url)
  } catch (error) {
    expect(error).to.be.instanceOf(OptionsError)
  }
}
