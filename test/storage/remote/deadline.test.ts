import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { withDeadline } from '../../../lib/storage/remote/deadline.ts'
import { paused, turns } from '../../support/waiting.ts'

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

  it('P12 takes no stall of the event loop for a silent server', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [answering] = (await once(server, 'connection')) as [Socket]
    const answer = withDeadline(50, 'work', async () => {
      const [text] = (await once(socket, 'data')) as [Buffer]
      return text.toString()
    })
    // In a check phase: the timers come next, the socket after them.
    await turns(1)
    answering.write('answer')
    const start = performance.now()
    while (performance.now() - start < 100);
    const given = await answer.catch((error: Error) => error)
    socket.destroy()
    server.close()
    expect(given).to.equal('answer')
  })

  it('leaves nothing unhandled when the work fails after the deadline', async () => {
    const late = withDeadline(5, 'work', () => paused(20).then(() => Promise.reject(new Error('late'))))
    expect(await late.catch((error: StorageError) => error.code)).to.equal('SPW_ERR_STORAGE')
    await paused(40)
  })
})
