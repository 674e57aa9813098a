import { expect } from 'chai'
import { exceptionOf, storageErrorOf } from '../../../lib/storage/hbase/failure.ts'

describe('exceptionOf', () => {
  const name = (exception: string): string => `org.apache.hadoop.hbase.${exception}`
  const cases: Array<[exception: string, flag: boolean, code: string, retryable: boolean]> = [
    ['NotServingRegionException', false, 'SPW_ERR_STORAGE', true],
    ['exceptions.RegionMovedException', true, 'SPW_ERR_STORAGE', true],
    ['RegionTooBusyException', false, 'SPW_ERR_STORAGE', true],
    ['CallQueueTooBigException', false, 'SPW_ERR_STORAGE', true],
    ['SomethingNewException', false, 'SPW_ERR_STORAGE', true],
    ['SomethingNewException', true, 'SPW_ERR_STORAGE', false],
    ['DoNotRetryIOException', false, 'SPW_ERR_STORAGE', false],
    ['security.AccessDeniedException', false, 'SPW_ERR_STORAGE', false],
    ['regionserver.NoSuchColumnFamilyException', false, 'SPW_ERR_STORAGE', false],
    ['quotas.SpaceLimitingException', false, 'SPW_ERR_STORAGE_FULL', true]
  ]
  for (const [exception, flag, code, retryable] of cases) {
    it(`makes ${code}${retryable ? ', retryable,' : ''} of ${exception}${flag ? ' with the flag not to retry' : ''}`, () => {
      const failure = exceptionOf(name(exception), `${name(exception)}: said\n\tat a.b.C`, flag)
      const error = storageErrorOf('append to the table t', failure)
      expect(error).to.include({ code, retryable })
      expect(error.message).to.match(/^Cannot append to the table t: \w+Exception: said$/)
    })
  }

  for (const text of [
    'Cell[x] with size 11534336 exceeds limit of 10485760 bytes',
    'RPC data length of 9999 received from /127.0.0.1 is greater than max allowed 5000. Set "hbase.ipc.max.request.size" on server'
  ]) {
    it(`refuses what is larger than the server takes: ${text.slice(0, 20)}`, () => {
      const failure = exceptionOf(name('DoNotRetryIOException'), text, true)
      expect(storageErrorOf('append', failure)).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
    })
  }
})
