import { expect } from 'chai'
import { Secrets } from '../../lib/config/secrets.ts'

describe('Secrets', () => {
  it('puts the label in place of the value', () => {
    const secrets = new Secrets()
    secrets.add('hunter22', '${PASSWORD}')
    expect(secrets.redact('user:hunter22@host hunter22')).to.equal('user:${PASSWORD}@host ${PASSWORD}')
  })

  it('finds the value as JSON or a URL has it', () => {
    const secrets = new Secrets()
    secrets.add('a"b c', '${X}')
    expect(secrets.redact('got "a\\"b c", http://h/?k=a%22b%20c')).to.equal('got "${X}", http://h/?k=${X}')
  })

  it('takes the longer of two values of which one is a part of the other', () => {
    const secrets = new Secrets()
    secrets.add('abcd', '${SHORT}')
    secrets.add('abcdefgh', '${LONG}')
    expect(secrets.redact('abcdefgh abcd')).to.equal('${LONG} ${SHORT}')
  })

  it('leaves texts alone that a very short value would garble', () => {
    const secrets = new Secrets()
    secrets.add('', '${EMPTY}')
    secrets.add('on', '${ON}')
    expect(secrets.redact('connection')).to.equal('connection')
  })

  it('puts in a label with dollar signs as it is', () => {
    const secrets = new Secrets()
    secrets.add('value', "$& $' ${X}")
    expect(secrets.redact('a value b')).to.equal("a $& $' ${X} b")
  })
})
