import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { Connection } from '../../../lib/storage/remote/connection.ts'
import { turns } from '../../support/waiting.ts'

/** A connection that is told when it opens, and fails as often as it is told. */
function rig() {
  const closed: number[] = []
  const state = { opened: 0, fails: 0, closed }
  const connection = new Connection<number>({
    name: 'the table record',
    async open() {
      state.opened++
      if (state.fails-- > 0) throw new Error('refused')
      return state.opened
    },
    async close(number) {
      closed.push(number)
    }
  })
  return { state, connection }
}

describe('Connection', () => {
  it('opens with the first use, once for all who wait', async () => {
    const { state, connection } = rig()
    expect(state.opened).to.equal(0)
    expect(await Promise.all([1, 2, 3].map(() => connection.use(async number => number)))).to.deep.equal([1, 1, 1])
  })

  it('opens again by the next use when it could not be opened', async () => {
    const { state, connection } = rig()
    state.fails = 1
    const first = await connection.use(async number => number).catch((error: Error) => error.message)
    expect([first, await connection.use(async number => number)]).to.deep.equal(['refused', 2])
  })

  it('opens another one after it was told to forget one, which it closes', async () => {
    const { state, connection } = rig()
    await connection.use(async number => connection.forget(number))
    expect(await connection.use(async number => number)).to.equal(2)
    expect(state.closed).to.deep.equal([1])
  })

  it('keeps the one that is open when an older one is forgotten', async () => {
    const { state, connection } = rig()
    await connection.use(async number => connection.forget(number))
    await connection.use(async () => connection.forget(1))
    await turns()
    expect(await connection.use(async number => number)).to.equal(2)
    expect(state.closed).to.deep.equal([1])
  })

  it('waits for what is under way before it closes, and closes once', async () => {
    const { state, connection } = rig()
    let finish!: () => void
    const work = connection.use(() => new Promise<void>(resolve => (finish = resolve)))
    await turns()
    const closing = Promise.all([connection.close(), connection.close()])
    await turns()
    expect(state.closed).to.deep.equal([])
    finish()
    await Promise.all([work, closing])
    expect(state.closed).to.deep.equal([1])
  })

  it('opens nothing to close what was never used', async () => {
    const { state, connection } = rig()
    await connection.close()
    expect(state).to.deep.include({ opened: 0, closed: [] })
  })

  it('refuses to be used after it was closed', async () => {
    const { connection } = rig()
    await connection.close()
    const error = await connection.use(async number => number).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(StorageError)
    expect(error).to.include({ message: 'The storage the table record was closed.', retryable: false })
  })
})
