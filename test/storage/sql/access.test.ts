import { expect } from 'chai'
import { Access } from '../../../lib/storage/sql/access.ts'
import { answered } from '../../../lib/storage/sql/connection-verdict.ts'
import type { Database, Dialect, Session } from '../../../lib/storage/sql/dialect.ts'
import type { Address } from '../../../lib/storage/sql/options.ts'
import { postgres } from '../../../lib/storage/postgres/dialect.ts'
import { within } from '../../support/waiting.ts'

const columns = ['position', 'version', 'timestamp', 'attempts', 'status', 'claimed_until'].map(name => [
  name,
  'bigint'
])
const texts = ['id', 'values', 'outcome', 'code', 'request', 'claimed_by'].map(name => [name, 'text'])

/** A server of a few words: it has the table, and answers, takes no writes, or is not there. */
class FakeDatabase implements Database {
  readonly takesWrites: boolean
  readonly mostBytes = 1_000
  readonly name: string
  ended = false

  constructor(name: string) {
    this.name = name
    this.takesWrites = !name.startsWith('readonly')
  }

  use<R>(_signal: AbortSignal, work: (session: Session) => Promise<R>): Promise<R> {
    return work({
      run: async ({ text }) => ({ rows: text.includes('pg_index') ? [['id']] : [...columns, ...texts] })
    })
  }

  async end(): Promise<void> {
    this.ended = true
  }
}

function accessTo(...hosts: string[]) {
  const opened: FakeDatabase[] = []
  const dialect: Dialect = {
    ...postgres,
    async connect(_address, { host }) {
      if (host.startsWith('dead')) throw Object.assign(new Error('dead'), { code: 'ECONNREFUSED' })
      const database = new FakeDatabase(host)
      opened.push(database)
      return database
    }
  }
  const address: Address = {
    hosts: hosts.map(host => ({ host, port: 1 })),
    database: 'db',
    username: 'u',
    tls: 'off',
    timeout: 1_000
  }
  return { access: new Access(dialect, address, { schema: undefined, name: 't' }, 1_000), opened }
}

const nameOf = (_session: Session, database: Database) => Promise.resolve((database as FakeDatabase).name)

describe('Access', () => {
  const cases: Array<[string[], string]> = [
    [['first', 'second'], 'first'],
    [['dead', 'second'], 'second'],
    [['readonly', 'second'], 'second'],
    [['dead', 'readonly 1', 'readonly 2'], 'readonly 1'],
    [['readonly 1', 'dead', 'third', 'fourth'], 'third']
  ]
  for (const [hosts, expected] of cases) {
    it(`takes ${expected} of ${hosts.join(', ')}, and keeps no other open`, async () => {
      const { access, opened } = accessTo(...hosts)
      expect(await access.once('read', nameOf)).to.equal(expected)
      expect(opened.filter(({ ended }) => !ended).map(({ name }) => name)).to.deep.equal([expected])
      await access.close()
      expect(opened.every(({ ended }) => ended)).to.equal(true)
    })
  }

  it('says why the first could not be reached when none can', async () => {
    const { access } = accessTo('dead', 'dead too')
    const error: unknown = await access.once('read', nameOf).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    expect((error as Error).message).to.equal('Cannot connect to dead:1 for the postgres table t: ECONNREFUSED.')
  })

  it('looks for another host when the one it had takes no writes any more', async () => {
    const { access, opened } = accessTo('first')
    await access.once('read', nameOf)
    const readOnly = Object.assign(new Error('read only'), { code: '25006' })
    expect(await access.once('append to', () => Promise.reject(readOnly)).catch(() => 'failed')).to.equal('failed')
    await access.once('read', nameOf)
    expect(opened.map(({ ended }) => ended)).to.deep.equal([true, false])
  })

  it('repeats at once what the server has undone, some times', async () => {
    const { access } = accessTo('first')
    const deadlock = Object.assign(new Error('deadlock'), { code: '40P01' })
    let calls = 0
    const failsTwice = () => (++calls < 3 ? Promise.reject(deadlock) : Promise.resolve(calls))
    expect(await access.once('append to', failsTwice)).to.equal(3)
    const failing: unknown = await within(
      access.once('append to', () => Promise.reject(deadlock)).catch((error: unknown) => error),
      'an end of the repeating'
    )
    expect(failing).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
  })

  it('repeats within the deadline what may pass, and at once rejects what does not', async () => {
    const { access } = accessTo('first')
    let calls = 0
    const failsTwice = () => (++calls < 3 ? Promise.reject(new Error('Connection terminated')) : Promise.resolve(calls))
    expect(await access.repeated('read', failsTwice)).to.equal(3)
    calls = 0
    const denied = () => (calls++, Promise.reject(Object.assign(new Error('denied'), { code: '42501' })))
    expect(await access.repeated('read', denied).catch((error: unknown) => error)).to.include({ retryable: false })
    expect(calls).to.equal(1)
  })

  it('keeps what the driver attaches to its errors out of its own', async () => {
    const { access } = accessTo('first')
    const cause = Object.assign(new Error('canary'), { code: '23505', detail: 'canary', sql: 'canary' })
    const error = (await access
      .once('append to', () => Promise.reject(cause))
      .catch((reason: unknown) => reason)) as Error
    expect(JSON.stringify([error.message, error.stack, error.cause, (error.cause as Error).message])).not.to.include(
      'canary'
    )
    expect(answered('x').isBroken).to.equal(false)
  })
})
