import { expect } from 'chai'
import { OptionsError } from '../../../lib/errors.ts'
import { quorumOf } from '../../../lib/storage/hbase/quorum.ts'

describe('quorumOf', () => {
  const good: Array<[string, Array<[string, number]>]> = [
    ['localhost 2181', [['localhost', 2181]]],
    ['localhost', [['localhost', 7]]],
    [
      'zk1,zk2:2182, zk3 2183',
      [
        ['zk1', 7],
        ['zk2', 2182],
        ['zk3', 2183]
      ]
    ],
    [
      '[::1]:2181,10.0.0.1',
      [
        ['::1', 2181],
        ['10.0.0.1', 7]
      ]
    ]
  ]
  for (const [text, addresses] of good) {
    it(`reads ${text}`, () => {
      expect(quorumOf(text, 7)).to.deep.equal(addresses.map(([host, port]) => ({ host, port })))
    })
  }

  for (const text of ['', 'a,,b', 'http://zk1:2181', 'zk1:0', 'zk1:70000', 'zk1:port', 'zk1/hbase']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => quorumOf(text, 7)).to.throw(OptionsError, 'failover/zookeeper.quorum must be hosts between commas')
    })
  }
})
