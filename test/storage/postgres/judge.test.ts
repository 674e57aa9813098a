import { expect } from 'chai'
import { judge } from '../../../lib/storage/postgres/judge.ts'

describe('what an error of pg means', () => {
  const cases: Array<[string, object, string, boolean, Partial<ReturnType<typeof judge>>?]> = [
    ['T41 a deadlock', { code: '40P01' }, 'SPW_ERR_STORAGE', true, { isUndone: true }],
    ['T41 a serialization failure', { code: '40001' }, 'SPW_ERR_STORAGE', true, { isUndone: true }],
    ['T41 a lock that was not given', { code: '55P03' }, 'SPW_ERR_STORAGE', true, { isUndone: false }],
    ['T40 a connection that the server ended', { code: '57P01' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['T43 a duplicate of another key', { code: '23505', constraint: 'k' }, 'SPW_ERR_STORAGE_REFUSED', false],
    ['T39 a column without a default', { code: '23502', column: 'c' }, 'SPW_ERR_STORAGE', false],
    ['a full disk', { code: '53100' }, 'SPW_ERR_STORAGE_FULL', true],
    ['too many connections', { code: '53300' }, 'SPW_ERR_STORAGE', true],
    ['characters that the database has not', { code: '22P05' }, 'SPW_ERR_STORAGE_REFUSED', false],
    ['a server that takes no writes', { code: '25006' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['a wrong password', { code: '28P01' }, 'SPW_ERR_STORAGE', false],
    ['a missing right', { code: '42501' }, 'SPW_ERR_STORAGE', false],
    ['a missing table', { code: '42P01' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['a server that starts', { code: '57P03' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['an answer that is not known', { code: '0A000' }, 'SPW_ERR_STORAGE', false],
    ['a missing password', new Error('SASL: client password must be a string'), 'SPW_ERR_STORAGE', false],
    ['no encrypted connections', new Error('The server does not support SSL connections'), 'SPW_ERR_STORAGE', false],
    [
      'a connection that ends',
      new Error('Connection terminated unexpectedly'),
      'SPW_ERR_STORAGE',
      true,
      { isBroken: true }
    ],
    ['a pipe that is broken', { code: 'EPIPE' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['a certificate that is not trusted', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'SPW_ERR_STORAGE', false]
  ]
  for (const [name, error, code, retryable, more = {}] of cases) {
    it(`judges ${name}`, () => {
      expect(judge(error)).to.deep.include({ code, retryable, ...more })
    })
  }

  it('names the column or the constraint, and quotes nothing else', () => {
    const { reason } = judge({ code: '23505', constraint: 'one_a_day', message: 'canary', detail: 'canary' })
    expect(reason).to.include('one_a_day').and.not.include('canary')
  })
})
