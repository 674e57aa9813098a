import { expect } from 'chai'
import { judge } from '../../../lib/storage/mysql/judge.ts'

const answered = (errno: number, sqlState = 'HY000', sqlMessage = 'canary') => ({
  errno,
  sqlState,
  sqlMessage,
  code: 'ER_X'
})

describe('what an error of mysql2 means', () => {
  const cases: Array<[string, object, string, boolean, Partial<ReturnType<typeof judge>>?]> = [
    ['T48 a packet that is too large', answered(1153, '08S01'), 'SPW_ERR_STORAGE_REFUSED', false],
    [
      'T48 a server that has gone away',
      { code: 'PROTOCOL_CONNECTION_LOST', fatal: true },
      'SPW_ERR_STORAGE',
      true,
      { isBroken: true }
    ],
    ['T48 a connection that is lost', { errno: -104, code: 'ECONNRESET' }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['T48 a deadlock', answered(1213, '40001'), 'SPW_ERR_STORAGE', true, { isUndone: true }],
    ['T48 a lock that was not given', answered(1205), 'SPW_ERR_STORAGE', true, { isBroken: false }],
    ['T48 a duplicate of another key', answered(1062, '23000'), 'SPW_ERR_STORAGE_REFUSED', false],
    ['T48 a server that takes no writes', answered(1290), 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['T48 a column of utf8mb3', answered(1366, '22007'), 'SPW_ERR_STORAGE_REFUSED', false],
    ['a full table', answered(1114), 'SPW_ERR_STORAGE_FULL', true],
    ['a full disk', answered(1021), 'SPW_ERR_STORAGE_FULL', true],
    [
      'a full disk in the words of the engine',
      answered(1030, 'HY000', 'Got error 28 "No space left on device"'),
      'SPW_ERR_STORAGE_FULL',
      true
    ],
    ['too many connections', answered(1040, '08004'), 'SPW_ERR_STORAGE', true],
    ['a server that is starting', answered(1053, '08S01'), 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['a wrong password', answered(1045, '28000'), 'SPW_ERR_STORAGE', false],
    ['a missing right', answered(1142, '42000'), 'SPW_ERR_STORAGE', false],
    ['an answer that is not known', answered(9_999, '42000'), 'SPW_ERR_STORAGE', false],
    ['an unknown complaint about data', answered(9_999, '22001'), 'SPW_ERR_STORAGE_REFUSED', false],
    ['a certificate that is not trusted', { code: 'HANDSHAKE_SSL_ERROR' }, 'SPW_ERR_STORAGE', false],
    ['no encrypted connections', { code: 'HANDSHAKE_NO_SSL_SUPPORT' }, 'SPW_ERR_STORAGE', false],
    ['nobody who listens', { code: 'ECONNREFUSED', errno: -111 }, 'SPW_ERR_STORAGE', true, { isBroken: true }],
    ['something that is no error', 'canary' as unknown as object, 'SPW_ERR_STORAGE', true]
  ]
  for (const [name, error, code, retryable, more = {}] of cases) {
    it(`judges ${name}`, () => {
      expect(judge(error)).to.deep.include({ code, retryable, ...more })
    })
  }

  it('quotes nothing that the server said', () => {
    for (const errno of [1062, 1366, 1406, 9_999]) expect(judge(answered(errno)).reason).not.to.include('canary')
  })
})
