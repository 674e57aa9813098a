import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { withDeadline } from '../../../lib/storage/remote/deadline.ts'
import { paused } from '../../support/waiting.ts'

describe('withDeadline', () => {
  it('gives what the work gives', async () => {
    expect(await withDeadline(1_000, 'work', async () => 7)).to.equal(7)
  })

  it('rejects with what the work rejects with', async () => {
    const error = await withDeadline(1_000, 'work', () => Promise.reject(new Error('mine'))).catch((e: Error) => e)
    expect(error).to.include({ message: 'mine' })
  })

  it('rejects with a retryable error when the work takes longer, and aborts the signal', async () => {
    let aborted: unknown
    const error = await withDeadline(20, 'append to the table record', signal => {
      signal.addEventListener('abort', () => (aborted = signal.reason))
      return new Promise(() => {})
    }).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(StorageError)
    expect(error).to.include({
      code: 'SPW_ERR_STORAGE',
      retryable: true,
      message: 'Cannot append to the table record: no answer within 20 ms.'
    })
    expect(aborted).to.equal(error)
  })

  it('leaves nothing unhandled when the work fails after the deadline', async () => {
    const late = withDeadline(5, 'work', () => paused(20).then(() => Promise.reject(new Error('late'))))
    expect(await late.catch((error: StorageError) => error.code)).to.equal('SPW_ERR_STORAGE')
    await paused(40)
  })
})
