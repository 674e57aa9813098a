import { expect } from 'chai'
import { followed } from '../../../lib/storage/hdfs/redirect-policy.ts'

const from = 'http://name:9870/webhdfs/v1'

describe('followed', () => {
  it('goes to any host, as DataNodes have others than the NameNode', () => {
    expect(followed('http://data1:9864/webhdfs/v1/a?op=OPEN', from, {}).href).to.equal(
      'http://data1:9864/webhdfs/v1/a?op=OPEN'
    )
    expect(followed('http://127.0.0.1:9864/x', from, {}).host).to.equal('127.0.0.1:9864')
  })

  it('goes where a location leads that is only a path', () => {
    expect(followed('/webhdfs/v1/a?data=true', from, {}).href).to.equal('http://name:9870/webhdfs/v1/a?data=true')
  })

  const refused: Array<[string, string, string, readonly string[] | undefined]> = [
    ['the address that cloud machines have secrets at', 'http://169.254.169.254/x', from, undefined],
    ['a link-local address', 'http://[fe80::1]/x', from, undefined],
    ['that address written as IPv6', 'http://[::ffff:169.254.169.254]/x', from, undefined],
    ['that address written as a number', 'http://2852039166/x', from, undefined],
    ['another protocol', 'file:///etc/passwd', from, undefined],
    ['plain HTTP from HTTPS', 'http://data1/x', 'https://name:9871/webhdfs/v1', undefined],
    ['a host that is not allowed', 'http://evil.com/x', from, ['*.example.com', 'data1']],
    ['a host whose name only ends alike', 'http://evilexample.com/x', from, ['*.example.com']]
  ]
  for (const [name, location, base, hosts] of refused) {
    it(`T58 does not go to ${name}`, () => {
      expect(() => followed(location, base, { hosts })).to.throw('not followed')
    })
  }

  it('goes to the hosts that are allowed', () => {
    for (const host of ['data1', 'a.example.com', '169.254.1.1']) {
      expect(followed(`http://${host}/x`, from, { hosts: ['DATA1', '*.example.com', '169.254.1.1'] }).host).to.equal(
        host
      )
    }
  })
})
