import { expect } from 'chai'
import { isRefusal } from '../../lib/storage/is-refusal.ts'
import { storageFailure } from '../support/memory-storage.ts'

describe('isRefusal', () => {
  it('holds for SPW_ERR_STORAGE_REFUSED only', () => {
    expect(isRefusal(storageFailure(false, 'SPW_ERR_STORAGE_REFUSED'))).to.equal(true)
    expect(isRefusal(storageFailure(true, 'SPW_ERR_STORAGE_FULL'))).to.equal(false)
    expect(isRefusal(new Error('x'))).to.equal(false)
  })
})
