import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { NativeTable } from '../../../lib/storage/hbase/native-table.ts'
import type { Scan } from '../../../lib/storage/hbase/table.ts'
import { type AskedGroup, allDone, FakeHBase, scanned } from '../../support/fake-hbase.ts'
import { until } from '../../support/waiting.ts'
import { failure } from '../../support/storage-failure.ts'

describe('NativeTable', () => {
  let server: FakeHBase
  const tables: NativeTable[] = []

  beforeEach(async () => {
    server = await new FakeHBase().listen()
  })
  afterEach(async () => {
    for (const table of tables.splice(0)) await table.close()
    server.close()
  })

  function table(timeout = 2_000): NativeTable {
    const options = { quorum: [{ host: '127.0.0.1', port: server.port }], parent: '/hbase', user: 'me', timeout }
    const made = new NativeTable({ namespace: 'default', qualifier: 't' }, options)
    tables.push(made)
    return made
  }

  const put = (key: string) => ({ key: Buffer.from(key), cells: [['values', 'x']] as const })

  it('T61 puts what belongs to a region that is not to be found, once it is', async () => {
    let looks = 0
    server.meta = () =>
      looks++ < 2
        ? [['', 'c']]
        : [
            ['', 'c'],
            ['c', '']
          ]
    const done: string[] = []
    server.multi = groups => {
      done.push(...groups.flatMap(({ rows }) => rows))
      return allDone(groups)
    }
    await table().put([put('a'), put('d')])
    expect(done.sort()).to.deep.equal(['a', 'd'])
  })

  it('leaves no connection to ZooKeeper open, even if that never ends it', async () => {
    server.leavesOpen = true
    await table().put([put('a')])
    await until(() => server.zooKeeperConnections === 0, 'the end of the connection', 4_000)
  })

  const range = { from: Buffer.from('a'), before: Buffer.from('z'), forward: true }

  async function rowsIn(scan: Scan): Promise<string[]> {
    const keys: string[] = []
    for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) {
      keys.push(...rows.map(({ key }) => key.toString()))
    }
    return keys
  }

  it('reads on for longer than its deadline while the server says that it passes over what was removed', async () => {
    let asked = 0
    server.scan = async () => {
      await new Promise(resolve => setTimeout(resolve, 100))
      return ++asked < 12 ? scanned([], true) : scanned(['b'])
    }
    expect(await rowsIn(table(1_000).scan(range))).to.deep.equal(['b'])
    expect(asked).to.equal(12)
  })

  const strange: Array<[string, () => Uint8Array]> = [
    ['the same row again and again', () => scanned(['b'], true)],
    ['rows in the wrong order', () => scanned(['c', 'b'], true)],
    ['a row that was not asked for', () => scanned(['zz'], true)]
  ]
  for (const [name, answer] of strange) {
    it(`ends a scan that gives ${name}`, async () => {
      server.scan = async () => answer()
      const error = await failure(rowsIn(table(500).scan(range)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.include('a scan gave a row that was not asked for')
    })
  }

  const silent: Array<[string, (groups: readonly AskedGroup[]) => Uint8Array]> = [
    ['says nothing', () => new Uint8Array()],
    ['leaves one out', groups => allDone(groups.map(group => ({ ...group, rows: group.rows.slice(1) })))],
    ['leaves a region out', groups => allDone(groups.slice(1))]
  ]
  for (const [name, answer] of silent) {
    it(`takes no change for done of which an answer ${name}`, async () => {
      server.meta = () => [
        ['', 'c'],
        ['c', '']
      ]
      server.multi = answer
      const error = await failure(table(300).put([put('a'), put('b'), put('d'), put('e')]))
      expect(error).to.be.instanceOf(StorageError).and.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      server.multi = allDone
      await table().put([put('a')])
    })
  }
})
