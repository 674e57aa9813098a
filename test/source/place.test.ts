import { expect } from 'chai'
import { CsvSplitter } from '../../lib/source/csv-splitter.ts'
import { LineSplitter } from '../../lib/source/line-splitter.ts'
import type { Splitter } from '../../lib/source/piece.ts'
import { Place, type Progress } from '../../lib/source/place.ts'

const nothing: Progress = { read: 0, open: [] }
const piece = (end: number): { end: number; textEnd: number } => ({ end, textEnd: end - 1 })
const placeAfter = (before: Progress): Place => new Place('p', before, () => {})

/** Reads pieces that end there, and gives the ends of those that are given. */
function given(place: Place, ends: readonly number[], settles: (end: number) => boolean): number[] {
  const all: number[] = []
  for (const end of ends) {
    if (place.isSettled(end - 1)) {
      place.pass(end)
      continue
    }
    const record = place.kept(end, piece(end))
    all.push(end)
    record.settled(settles(end) ? 'delivered' : 'abandoned')
  }
  return all
}

describe('Place', () => {
  it('has read all but what is open', () => {
    const place = placeAfter(nothing)
    const records = [10, 20, 30, 40, 50].map(end => place.kept(end, piece(end)))
    expect(place.progress()).to.deep.equal({ read: 50, open: [[0, 50]] })
    records[1]!.settled('stored')
    records[4]!.settled('delivered')
    records[0]!.settled('abandoned')
    expect(place.progress()).to.deep.equal({
      read: 50,
      open: [
        [0, 10],
        [20, 40]
      ]
    })
  })

  it('gives the same id for the same place', () => {
    const ids = [placeAfter(nothing), placeAfter({ read: 10, open: [] })].map(place => {
      if (place.isSettled(9)) place.pass(10)
      else place.kept('a', piece(10))
      return place.kept('b', piece(20)).id
    })
    expect(ids).to.deep.equal(['p-j', 'p-j'])
  })

  it('gives each record until it is settled, however often a run ends early', () => {
    for (let seed = 1; seed <= 200; seed++) {
      let state = seed
      const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
      const ends: number[] = []
      for (let end = 0; ends.length < 40; ends.push(end)) end += 2 + Math.floor(random() * 9)
      const settled = new Set<number>()
      let before = nothing
      for (let run = 0; run < 4; run++) {
        const place = placeAfter(before)
        const upTo = ends.slice(0, Math.floor(random() * (ends.length + 1)))
        const expected = upTo.filter(end => !settled.has(end))
        const got = given(place, upTo, end => {
          if (random() < 0.4) return false
          settled.add(end)
          return true
        })
        expect(got, `seed ${seed}`).to.deep.equal(expected)
        before = JSON.parse(JSON.stringify(place.progress())) as Progress
      }
      expect(
        given(placeAfter(before), ends, () => true),
        `seed ${seed}`
      ).to.deep.equal(ends.filter(end => !settled.has(end)))
    }
  })
})

describe('The places of pieces', () => {
  const ends = (splitter: Splitter, text: string, chunk: number): number[] => {
    const bytes = Buffer.from(text)
    const pieces = []
    for (let at = 0; at < bytes.length; at += chunk) pieces.push(...splitter.split(bytes.subarray(at, at + chunk)))
    return [...pieces, ...splitter.end()].map(({ end }) => end)
  }

  it('are the same however the bytes come', () => {
    for (const chunk of [1, 2, 3, 7, 100]) {
      expect(ends(new LineSplitter(1_000), 'ab\r\n\ncde\nf', chunk), `${chunk}`).to.deep.equal([4, 9, 10])
      expect(ends(new CsvSplitter(1_000), 'a,b\n"x\ny",2\nz,3', chunk), `${chunk}`).to.deep.equal([4, 12, 15])
    }
  })

  it('of a line that is cut end where the line ends', () => {
    expect(ends(new LineSplitter(4), '123456789\nab\n', 100).slice(-2)).to.deep.equal([10, 13])
  })
})
