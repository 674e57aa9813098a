import { expect } from 'chai'
import { OptionsError } from '../../../lib/errors.ts'
import { nameNodesIn } from '../../../lib/storage/hdfs/name-nodes.ts'

describe('nameNodesIn', () => {
  const addresses: Array<[string, string]> = [
    ['hdfs://hadoop:8020', 'http://hadoop:50070/webhdfs/v1'],
    ['hdfs://hadoop', 'http://hadoop:50070/webhdfs/v1'],
    ['hdfs://[::1]:9000/', 'http://[::1]:50070/webhdfs/v1'],
    ['webhdfs://hadoop', 'http://hadoop:9870/webhdfs/v1'],
    ['swebhdfs://hadoop', 'https://hadoop:9871/webhdfs/v1'],
    ['http://hadoop:14000', 'http://hadoop:14000/webhdfs/v1'],
    ['http://hadoop:9870/webhdfs/v1/', 'http://hadoop:9870/webhdfs/v1'],
    ['https://hadoop', 'https://hadoop/webhdfs/v1']
  ]
  for (const [address, base] of addresses) {
    it(`asks ${base} for ${address}`, () => {
      expect(nameNodesIn(address, 50070).map(nameNode => nameNode.base)).to.deep.equal([base])
    })
  }

  it('takes several, in their order', () => {
    const names = nameNodesIn('hdfs://a:8020, http://b:9870,webhdfs://c', 9870).map(({ name }) => name)
    expect(names).to.deep.equal(['a:9870', 'b:9870', 'c:9870'])
  })

  const wrong: Array<[string, string]> = [
    ['', 'got ""'],
    ['hadoop', 'got "hadoop"'],
    ['hdfs://a,', 'got ""'],
    ['ftp://hadoop', 'got "ftp://hadoop"'],
    ['hdfs://hadoop:8020/data', 'without a path'],
    ['http://hadoop:9870/webhdfs/v1?user.name=x', 'without a path'],
    ['http://hadoop:9870/webhdfs/v1?delegation=pass', 'got "http://hadoop:9870/webhdfs/v1?…"'],
    ['hadoop?delegation=pass', 'got "hadoop?…"'],
    ['http://me:pass@hadoop:9870', 'has a user or a password in it'],
    ['x://me:pass@hadoop:9870', 'has a user or a password in it'],
    ['me:pass@hadoop:8020', 'has a user or a password in it'],
    ['hdfs://me:pass/w@hadoop:8020', 'has a user or a password in it'],
    ['http://me:pass,w@hadoop:9870', 'has a user or a password in it']
  ]
  for (const [address, message] of wrong) {
    it(`refuses ${JSON.stringify(address)}`, () => {
      expect(() => nameNodesIn(address, 9870))
        .to.throw(OptionsError, message)
        .and.not.match(/pass(?!word)/)
    })
  }
})
