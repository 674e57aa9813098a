import { expect } from 'chai'
import { parsedUrl, plainTarget } from '../../lib/http/target.ts'

describe('parsedUrl', () => {
  it('gives origin and path with the query, and drops the fragment', () => {
    expect(parsedUrl('https://Example.com:443/a b?q=1&r=%20#x')).to.deep.equal({
      href: 'https://example.com/a%20b?q=1&r=%20',
      origin: 'https://example.com',
      path: '/a%20b?q=1&r=%20',
      authorization: undefined
    })
  })

  it('R16 makes a header of user and password, and keeps neither in the URL', () => {
    const { href, authorization } = parsedUrl('http://us%40er:p%3Ass@127.0.0.1:80/x')
    expect(href).to.equal('http://127.0.0.1/x')
    expect(authorization).to.equal(`Basic ${Buffer.from('us@er:p:ss').toString('base64')}`)
  })

  it('R16 refuses a user or a password that no text can be made of', () => {
    for (const url of ['http://a%ff:b@h/', 'http://a:hunter2%@h/']) {
      expect(() => parsedUrl(url))
        .to.throw(TypeError, 'percent-encoded')
        .with.property('message')
        .not.include('hunter2')
    }
  })

  for (const url of [
    '',
    '/a',
    'example.com',
    '//example.com',
    'http://',
    'http://:80',
    'http://a b/',
    'http://[::1',
    'http://a:99999'
  ]) {
    it(`R14 refuses ${JSON.stringify(url)}`, () => {
      expect(() => parsedUrl(url)).to.throw(TypeError, 'the URL must be absolute')
    })
  }

  for (const url of ['ftp://a/', 'javascript:1', 'file:///etc/passwd', 'data:,x', 'ws://a/', 'unix:/run/x']) {
    it(`R15 refuses ${url}`, () => {
      expect(() => parsedUrl(url)).to.throw(TypeError, 'the URL must be http or https')
    })
  }

  for (const url of ['ftp://user:hunter2@a/', 'http://user:hunter2@', '//user:hunter2@a']) {
    it(`C08 does not quote the password when it refuses ${url}`, () => {
      expect(() => parsedUrl(url))
        .to.throw(TypeError)
        .with.property('message')
        .that.does.not.contain('hunter2')
    })
  }
})

describe('plainTarget', () => {
  it('is a POST of JSON that goes nowhere yet', () => {
    expect(plainTarget({})).to.include({ method: 'POST', url: '', origin: '', key: '' })
    expect(plainTarget({}).format?.contentType).to.equal('application/json')
  })
})
