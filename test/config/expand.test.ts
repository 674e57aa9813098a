import { expect } from 'chai'
import { expand } from '../../lib/config/expand.ts'
import { processorTime } from '../support/processor-time.ts'

const environment = { NAME: 'value', EMPTY: '', DOLLARS: '${NAME} $& $1' }

describe('expand', () => {
  it('puts in a variable, wherever it stands in a text', () => {
    expect(expand('${NAME}', environment).text).to.equal('value')
    expect(expand('a ${NAME} b ${NAME}', environment).text).to.equal('a value b value')
  })

  it('leaves a text without references as it is', () => {
    for (const text of ['', 'plain', '$NAME', '100 $', '{NAME}', '$ {NAME}']) {
      expect(expand(text, environment)).to.deep.include({ text, expanded: false, faults: [] })
    }
  })

  it('takes the default for a variable that is not set, or is empty', () => {
    expect(expand('${NONE:-a:-b c}', environment).text).to.equal('a:-b c')
    expect(expand('${EMPTY:-x}', environment).text).to.equal('x')
    expect(expand('${NAME:-x}', environment).text).to.equal('value')
    expect(expand('${NONE:-}', environment).text).to.equal('')
  })

  it('takes a variable that is set and empty', () => {
    expect(expand('a${EMPTY}b', environment)).to.deep.include({ text: 'ab', faults: [] })
  })

  it('C05 names a variable that is not set', () => {
    expect(expand('${NONE}', environment).faults).to.deep.equal([
      'needs the environment variable NONE, which is not set'
    ])
  })

  it('C05 gives the message of a variable that is not set, or is empty', () => {
    expect(expand('${NONE:?set it in .env}', environment).faults).to.deep.equal([
      'needs the environment variable NONE: set it in .env'
    ])
    expect(expand('${EMPTY:?}', environment).faults).to.deep.equal(['needs the environment variable EMPTY'])
    expect(expand('${NAME:?set it}', environment)).to.deep.include({ text: 'value', faults: [] })
  })

  it('takes $${ as a literal ${', () => {
    expect(expand('$${NAME} ${NAME}', environment).text).to.equal('${NAME} value')
    expect(expand('$${NAME}', environment)).to.deep.include({ expanded: false, whole: false })
  })

  it('does not look again at what it put in', () => {
    expect(expand('${DOLLARS}', environment).text).to.equal('${NAME} $& $1')
  })

  it('refuses what only looks like a reference', () => {
    for (const text of ['${', '${}', '${a b}', '${1A}', '${NAME', '${NAME:x}', '${NAME-x}']) {
      expect(expand(text, environment).faults, text).to.have.lengthOf(1)
    }
  })

  it('does not find variables in the prototype', () => {
    expect(expand('${constructor}', environment).faults).to.have.lengthOf(1)
  })

  it('says what came from outside, and not what is a default', () => {
    const { values } = expand('${NAME} ${NONE:-text} ${EMPTY}', environment)
    expect([...values]).to.deep.equal([
      ['NAME', 'value'],
      ['EMPTY', '']
    ])
  })

  it('says whether one reference is all of the text', () => {
    expect(expand('${NAME}', environment).whole).to.equal(true)
    expect(expand('${NONE:-5}', environment).whole).to.equal(true)
    expect(expand('${NAME} ', environment).whole).to.equal(false)
    expect(expand('${NAME}${NAME}', environment).whole).to.equal(false)
  })

  it('C20 takes no more than linear time', () => {
    for (const text of ['${'.repeat(500_000), '$'.repeat(1_000_000), '${a:-'.repeat(200_000)]) {
      expect(processorTime(() => expand(text, environment))).to.be.below(1_000)
    }
  })
})
