import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import type { Entry } from '../../../lib/storage/storage.ts'
import { entriesIn, failedDeliveries, idsOf, textsIn } from '../../support/deliveries.ts'
import { failure } from '../../support/storage-failure.ts'
import { HdfsRig } from './rig.ts'

describe('Files of HdfsStorage', () => {
  const rig = new HdfsRig()

  /** Who has claimed the file of this path. */
  const ownerOf = (path: string): string | undefined => rig.fake.files(path)[0]?.split('~')[1]

  it('are given by their time, whichever folder they are in', async () => {
    const storage = rig.storage()
    const times = [5, 1, 4, 2, 3, 6].map(n => 1_700_000_000_000 + n)
    for (const [i, time] of times.entries()) {
      rig.fake.put(
        `/failover/record/${i % 2 === 0 ? 'b/x' : 'a'}/${time}_${'0'.repeat(32)}`,
        `POST///http://h/p?n=${time % 10}\n`
      )
    }
    rig.fake.pageSize = 1
    expect((await entriesIn(storage)).map(({ envelope }) => envelope.records[0])).to.deep.equal(
      [1, 2, 3, 4, 5, 6].map(n => `{"n":"${n}"}`)
    )
  })

  it('that came after a reading began are left for the next one, whatever the clock of their writer says', async () => {
    const storage = rig.storage()
    for (let i = 0; i < 2; i++) await storage.append(failedDeliveries(1))
    const [first = ''] = rig.fake.files('/failover/record/2')
    // Behind the first file, and before the last one.
    const late = `${first.split('_')[0]}_${'f'.repeat(32)}`
    rig.fake.pageSize = 1
    let asked = 0
    rig.fake.harm = ({ op, path }) => {
      // Once both pages were looked at, and before the second one is asked for again to be read.
      if (op === 'LISTSTATUS_BATCH' && /\d$/.test(path) && ++asked === 3) {
        rig.fake.now = () => Date.now() + 1_000
        rig.fake.put(late, 'GET///http://h/late\n')
      }
      return undefined
    }
    expect(await textsIn(storage)).to.deep.equal(['record 0', 'record 0'])
    expect(asked).to.equal(4)
    expect(await entriesIn(storage)).to.have.length(3)
  })

  it('of StreamPark lose no line that a server did not give', async () => {
    const path = `/failover/record/2024-01-01/1704067200000_${'ab'.repeat(16)}`
    rig.fake.put(path, 'GET///http://h/1\nGET///http://h/2\nGET///http://h/3\n')
    rig.fake.harm = ({ op, query }) => {
      if (op !== 'OPEN data') return undefined
      const headers = { 'content-type': 'application/octet-stream' }
      return { status: 200, headers, body: query.get('offset') === '0' ? 'GET///http://h/1\nGET//' : '' }
    }
    const storage = rig.storage()
    const entries: Entry[] = []
    const error = await failure(
      (async () => {
        for await (const entry of storage.read({ claim: true })) entries.push(entry)
      })()
    )
    expect(error.message).to.equal(`Cannot read ${path}~${ownerOf(path)}: it ended after 22 of 51 bytes.`)
    expect(error.retryable).to.equal(true)
    expect(entries.map(({ envelope }) => envelope.url)).to.deep.equal(['http://h/1'])
    await storage.remove(entries)
    rig.fake.harm = () => undefined
    expect((await entriesIn(storage)).map(({ envelope }) => envelope.url)).to.deep.equal(['http://h/2', 'http://h/3'])
  })

  it('of StreamPark that are gone while they are read end with a whole line', async () => {
    const path = `/failover/record/2024-01-01/1704067200000_${'ab'.repeat(16)}`
    const url = `http://h/${'x'.repeat(1_000)}`
    rig.fake.put(path, `GET///${url}\n`.repeat(10_000))
    rig.fake.harm = ({ op, query }) => {
      if (op === 'OPEN' && query.get('offset') !== '0') rig.fake.nodes.delete(path)
      return undefined
    }
    const urls = new Set((await entriesIn(rig.storage())).map(({ envelope }) => envelope.url))
    expect([...urls]).to.deep.equal([url])
  })

  it('of StreamPark are given, with ids that stay, and deleted when all of their lines are settled', async () => {
    const path = `/failover/record/2024-01-01/1704067200000_${'ab'.repeat(16)}`
    rig.fake.put(path, 'POST///http://h/p?a=1&b=2\r\n\nGET///http://h/p?a=1\nnothing of ours')
    const storage = rig.storage()
    const entries = await entriesIn(storage, { claim: true })
    expect(
      entries.map(({ id, envelope: { method, url, records, outcome } }) => [
        id.slice(-2),
        method,
        url,
        ...records,
        outcome
      ])
    ).to.deep.equal([
      [':1', 'POST', 'http://h/p', '{"a":"1","b":"2"}', 'exhausted'],
      [':3', 'GET', 'http://h/p?a=1', '', 'exhausted'],
      [':4', 'POST', '', 'nothing of ours', 'refused']
    ])
    expect(entries[0]!.envelope.acceptedAt).to.equal(1_704_067_200_000)
    await storage.remove([entries[1]!])
    expect(idsOf(await entriesIn(rig.storage()))).to.deep.equal([entries[0]!.id, entries[2]!.id])
    await storage.remove([entries[0]!, entries[2]!])
    expect(rig.fake.files('/failover/record/2')).to.deep.equal([])
  })

  it('of StreamPark with bytes that are no text are shown and refused', async () => {
    rig.fake.put(`/failover/record/d/1704067200000_${'ab'.repeat(16)}`, '')
    rig.fake.nodes.set(`/failover/record/d/1704067200000_${'ab'.repeat(16)}`, {
      bytes: Buffer.from([0x50, 0xff, 0x0a]),
      at: 1
    })
    const [entry] = await entriesIn(rig.storage())
    expect(entry!.envelope).to.deep.include({ outcome: 'refused', records: [{ base64: 'UP8=' }] })
  })

  it('of StreamPark stay as they are while they are being written', async () => {
    const path = `/failover/record/d/1704067200000_${'ab'.repeat(16)}`
    rig.fake.put(path, '')
    const storage = rig.storage()
    expect(await entriesIn(storage, { claim: true })).to.have.length(0)
    expect(rig.fake.files('/failover/record/d')).to.deep.equal([path])
    rig.fake.put(path, 'GET///http://h/p\n')
    expect(await entriesIn(storage, { claim: true })).to.have.length(1)
  })

  it('of StreamPark stay when a line came since they were read', async () => {
    const path = `/failover/record/d/1704067200000_${'ab'.repeat(16)}`
    rig.fake.put(path, 'POST///http://h/p?a=1\n')
    const storage = rig.storage()
    const entries = await entriesIn(storage, { claim: true })
    const [held] = rig.fake.files('/failover/record/d')
    rig.fake.put(held!, 'POST///http://h/p?a=1\nPOST///http://h/p?a=2\n')
    await storage.remove(entries)
    await storage.close()
    expect((await entriesIn(rig.storage())).map(({ id }) => id.slice(-2))).to.deep.equal([':2'])
  })

  it('that are damaged are read as far as they are whole, and told of once', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(3))
    const [path] = rig.fake.files('/failover/record/2')
    const { bytes } = rig.fake.nodes.get(path!)!
    bytes![bytes!.indexOf('record 1')] = 0x58
    const warnings: string[] = []
    const onWarning = ({ message }: Error): number => warnings.push(message)
    process.on('warning', onWarning)
    for (let i = 0; i < 2; i++) expect(await textsIn(storage)).to.deep.equal(['record 0', 'record 2'])
    const report = await storage.report()
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(report).to.deep.include({ entries: 2, damaged: 1, files: 1 })
    expect(warnings).to.have.length(1)
    await storage.remove(await entriesIn(storage, { claim: true }))
    expect(rig.fake.files('/failover/record/2'), 'what is damaged is kept').to.have.length(1)
  })

  it('are checked line by line where they are not what their name says, or it does not say', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(3))
    const [path = ''] = rig.fake.files('/failover/record/2')
    const { bytes, at } = rig.fake.nodes.get(path)!
    const stem = path.replace(/c[0-9a-f]{8}$/, '')
    expect(stem).to.not.equal(path)
    const altered = Buffer.from(bytes!)
    altered[altered.indexOf('record 1')] = 0x58
    const crcOf = (of: Buffer): string => `c${crc32(of).toString(16).padStart(8, '0')}`
    for (const [name, put, texts] of [
      [path, bytes, ['record 0', 'record 1', 'record 2']],
      [stem, bytes, ['record 0', 'record 1', 'record 2']],
      [path, altered, ['record 0', 'record 2']],
      [stem, altered, ['record 0', 'record 2']],
      // What the name says of the whole counts.
      [stem + crcOf(altered), altered, ['record 0', 'Xecord 1', 'record 2']]
    ] as const) {
      rig.fake.nodes.delete(path)
      rig.fake.nodes.set(name, { bytes: put, at })
      expect(await textsIn(rig.storage()), name).to.deep.equal(texts)
      rig.fake.nodes.delete(name)
    }
  })

  it('of others are left alone and named by the report', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(2))
    rig.fake.put('/failover/record/notes.txt', 'mine')
    rig.fake.put('/failover/record/2020/_SUCCESS', '')
    await storage.remove((await entriesIn(storage, { claim: true })).slice(0, 1))
    const report = await storage.report()
    expect(report).to.deep.include({
      entries: 1,
      removed: 1,
      files: 1,
      damaged: 0,
      foreign: ['/failover/record/notes.txt']
    })
  })

  it('of a storage in a folder within are its own', async () => {
    await rig.storage({ path: '/failover/record', table: 'inner' }).append(failedDeliveries(1, 'inner'))
    await rig.storage().append(failedDeliveries(1, 'outer'))
    expect(await textsIn(rig.storage())).to.deep.equal(['outer 0'])
  })

  it('that dead writers left are cleared away, those of the living are not', async () => {
    let now = 10_000_000_000
    rig.fake.now = () => now
    await rig.storage().append(failedDeliveries(1))
    rig.fake.put('/failover/record/_spillway/writing/dead', 'x')
    rig.fake.nodes.set('/failover/record/1999-12-31', { bytes: undefined, at: 1 })
    now += 2 * 60 * 60 * 1000
    rig.fake.put('/failover/record/_spillway/writing/living', 'x')
    await entriesIn(rig.storage(), { claim: true })
    expect(rig.fake.files('/failover/record/_spillway/writing')).to.deep.equal([
      '/failover/record/_spillway/writing/living'
    ])
    expect(rig.fake.nodes.has('/failover/record/1999-12-31')).to.equal(false)
  })
})
