import { expect } from 'chai'
import { EntryFile } from '../../../lib/storage/hdfs/entry-file.ts'
import { fileNameIn } from '../../../lib/storage/hdfs/file-name.ts'
import { idHash } from '../../../lib/storage/hdfs/id-hash.ts'
import { RecentEntries } from '../../../lib/storage/hdfs/recent-entries.ts'

describe('RecentEntries', () => {
  const name = fileNameIn('1700000000000_' + '0'.repeat(32))!
  const into = new EntryFile({ folder: '/failover', name, length: 1 }, undefined)
  const given = (cell: number, version = 1) => ({ in: into, cell, version })

  it('knows where each of the last 16,384 was given, and forgets those before the last 32,768', () => {
    const recent = new RecentEntries()
    const count = 100_000
    for (let i = 0; i < count; i++) {
      recent.set(`id ${i}`, given(i))
      const before = i - 16_383
      if (before >= 0) expect(recent.get(`id ${before}`)?.cell).to.equal(before)
    }
    expect(recent.get(`id ${count - 1}`)).to.deep.equal(given(count - 1))
    const known = Array.from({ length: count }, (_, i) => i).filter(i => recent.get(`id ${i}`) !== undefined)
    expect(known[0]).to.be.within(count - 32_768, count - 16_384)
    expect(known).to.have.length(count - known[0]!)
  })

  it('has the version of an id that was given last', () => {
    const recent = new RecentEntries()
    recent.set('one', given(1, 1))
    recent.set('one', given(2 ** 40, 2))
    expect(recent.get('one')).to.deep.equal(given(2 ** 40, 2))
  })

  it('tells ids apart that have the same hash', () => {
    const recent = new RecentEntries()
    const ids = ['73pkdg-15uk', '9wbgwp-1mbb', '32pz7o-i4c', 'bl19uz-1w91', '71wk43-15jx', 'f8mtnn-2hsd']
    for (let i = 0; i < ids.length; i += 2) expect(idHash(ids[i]!)).to.equal(idHash(ids[i + 1]!))
    for (const [i, id] of ids.entries()) recent.set(id, given(i))
    expect(ids.map(id => recent.get(id)?.cell)).to.deep.equal([0, 1, 2, 3, 4, 5])
  })

  it('takes ids of any characters and lengths', () => {
    const recent = new RecentEntries()
    const ids = ['', 'ü', '\u{1F600}', '\ud83d', 'x'.repeat(100_000), 'x'.repeat(100_001), '\u00fc'.repeat(2_000)]
    for (const [i, id] of ids.entries()) recent.set(id, given(i))
    expect(ids.map(id => recent.get(id)?.cell)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    expect(recent.get('x')).to.equal(undefined)
  })
})
