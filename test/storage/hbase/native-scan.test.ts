import { expect } from 'chai'
import type { Cluster } from '../../../lib/storage/hbase/cluster.ts'
import { HBaseFailure } from '../../../lib/storage/hbase/failure.ts'
import { NativeScan } from '../../../lib/storage/hbase/native-scan.ts'
import {
  BinaryReader,
  eachField,
  eachFieldWithin,
  encoded,
  writeMessage,
  writeNumber,
  writeText
} from '../../../lib/storage/hbase/protobuf.ts'
import { type Region, regionAt, regionBelow, type Regions } from '../../../lib/storage/hbase/regions.ts'
import { family, type ScanRange } from '../../../lib/storage/hbase/table.ts'

const server = { host: '127.0.0.1', port: 1 }
const region = (start: string, end: string): Region => ({
  name: Buffer.from(`t,${start},1`),
  start: Buffer.from(start),
  end: Buffer.from(end),
  server
})

type Part = readonly [row: string, qualifier: string]
/** What a server answers to one call: parts of rows, or an exception. */
type Answer = { parts?: readonly Part[]; isPartial?: boolean; more?: boolean } | HBaseFailure

describe('NativeScan', () => {
  const regions = [region('', 'c'), region('c', 'f'), region('f', '')]
  const signal = AbortSignal.timeout(60_000)

  /** A cluster that answers so, one answer after the other; what it was asked for is noted. */
  function scanning(answers: Answer[], asked: string[] = [], range: Partial<ScanRange> = {}): NativeScan {
    const cluster = {
      call: async (_address: unknown, _service: string, _method: string, request: Uint8Array) => {
        asked.push(Buffer.from(request).toString('latin1'))
        const answer = answers.shift()
        if (answer === undefined) throw new Error('It was asked once more.')
        if (answer instanceof HBaseFailure) throw answer
        return new BinaryReader(message(answer))
      }
    } as unknown as Cluster
    const known = { all: async () => regions, forget: () => undefined } as unknown as Regions
    return new NativeScan(cluster, known, { from: Buffer.from('a'), before: Buffer.from('z'), ...range })
  }

  function message({ parts = [], isPartial = false, more = false }: Exclude<Answer, HBaseFailure>): Uint8Array {
    return encoded(writer => {
      writeNumber(writer, 2, 77)
      writeNumber(writer, 3, 1)
      parts.forEach(([row, qualifier], i) =>
        writeMessage(writer, 5, () => {
          writeMessage(writer, 1, () => {
            writeText(writer, 1, row)
            writeText(writer, 2, family)
            writeText(writer, 3, qualifier)
            writeNumber(writer, 4, 5)
            writeText(writer, 6, `${row}/${qualifier}`)
          })
          if (isPartial && i === parts.length - 1) writeNumber(writer, 5, 1)
        })
      )
      writeNumber(writer, 8, more ? 1 : 0)
    })
  }

  async function rowsOf(scan: NativeScan): Promise<string[]> {
    const all: string[] = []
    for (;;) {
      const rows = await scan.next(signal).catch((error: HBaseFailure) => {
        if (!error.transient) throw error
        return []
      })
      if (rows === undefined) return all
      all.push(
        ...rows.map(({ key, cells }) => `${key.toString()}:${[...cells].map(([qualifier]) => qualifier).join('+')}`)
      )
    }
  }

  it('goes through the regions from the last to the first', async () => {
    const asked: string[] = []
    const scan = scanning(
      [
        { parts: [['g', 'v']] },
        {
          parts: [
            ['d', 'v'],
            ['c', 'v']
          ]
        },
        { parts: [['a', 'v']] }
      ],
      asked
    )
    expect(await rowsOf(scan)).to.deep.equal(['g:v', 'd:v', 'c:v', 'a:v'])
    expect(asked.map(text => /t,(\w?),1/.exec(text)![1])).to.deep.equal(['f', 'c', ''])
  })

  it('asks for so many rows as are wanted, and then tells the server that its way is short', async () => {
    /** How many rows, and how they are to be read. */
    function askedIn(request: string): { rows: number; readType: number } {
      const reader = new BinaryReader(Buffer.from(request, 'latin1'))
      let [rows, readType] = [0, 0]
      eachField(reader, reader.len, field => {
        if (field === 4) rows = reader.uint32()
        else if (field === 2)
          eachFieldWithin(reader, inner => {
            if (inner === 23) readType = reader.uint32()
          })
      })
      return { rows, readType }
    }
    for (const [range, first, next] of [
      [{ wanted: 70 }, { rows: 70, readType: 2 }, { rows: 70, readType: 0 }],
      [{}, { rows: 1_000, readType: 0 }, { rows: 1_000, readType: 0 }]
    ] as const) {
      const asked: string[] = []
      await rowsOf(scanning([{ parts: [['h', 'v']], more: true }, {}, {}, {}], asked, range))
      expect(asked.slice(0, 2).map(askedIn)).to.deep.equal([first, next])
    }
  })

  for (const [what, parts] of [
    ['above', [['z', 'v']]],
    ['below', [['b', 'v']]],
    ['in the wrong order', [['x', 'v'], ['y', 'v']]] // prettier-ignore
  ] as const) {
    it(`takes no row ${what} of what it asked for`, async () => {
      const scan = scanning([{ parts }], [], { from: Buffer.from('c') })
      const error = await scan.next(signal).catch((caught: unknown) => caught)
      expect(error).to.be.instanceOf(HBaseFailure).with.property('message', 'a scan gave a row that was not asked for')
    })
  }

  it('puts a row together that comes in parts', async () => {
    const scan = scanning([
      {
        parts: [
          ['h', 'v'],
          ['g', 'values']
        ],
        isPartial: true,
        more: true
      },
      { parts: [['g', 'values.1']], isPartial: true, more: true },
      {
        parts: [
          ['g', 'claim'],
          ['f', 'v']
        ]
      },
      {},
      {}
    ])
    expect(await rowsOf(scan)).to.deep.equal(['h:v', 'g:values+values.1+claim', 'f:v'])
  })

  it('gives a last row that came in parts when the region has no more', async () => {
    const scan = scanning([{ parts: [['g', 'values']], isPartial: true, more: true }, { more: false }, {}, {}])
    expect(await rowsOf(scan)).to.deep.equal(['g:values'])
  })

  it('waits on when the server says that it is still looking', async () => {
    const scan = scanning([{ more: true }, { more: true }, { parts: [['g', 'v']], more: false }, {}, {}])
    expect(await rowsOf(scan)).to.deep.equal(['g:v'])
  })

  for (const exception of ['UnknownScannerException', 'LeaseException', 'NotServingRegionException']) {
    it(`goes on behind the last row after a ${exception}`, async () => {
      const asked: string[] = []
      const lost = new HBaseFailure(exception, exception, exception === 'NotServingRegionException')
      const scan = scanning([{ parts: [['h', 'v']], more: true }, lost, { parts: [['g', 'v']] }, {}, {}], asked)
      expect(await rowsOf(scan)).to.deep.equal(['h:v', 'g:v'])
      expect(asked[2]).to.include('\x1a\x01h')
    })
  }

  it('forgets the first parts of a row when the scanner is lost in the middle of it', async () => {
    const lost = new HBaseFailure('UnknownScannerException', '', false)
    const scan = scanning([
      { parts: [['g', 'values']], isPartial: true, more: true },
      lost,
      {
        parts: [
          ['g', 'values'],
          ['f', 'v']
        ]
      },
      {},
      {}
    ])
    expect(await rowsOf(scan)).to.deep.equal(['g:values', 'f:v'])
  })

  it('finds the region of a row, and the one of the rows below it', () => {
    expect(
      ['', 'b', 'c', 'e', 'f', 'z'].map(key => regionAt(regions, Buffer.from(key)).start.toString())
    ).to.deep.equal(['', '', 'c', 'c', 'f', 'f'])
    expect(['b', 'c', 'd', 'f', 'g'].map(key => regionBelow(regions, Buffer.from(key)).start.toString())).to.deep.equal(
      ['', '', 'c', 'c', 'f']
    )
    const holed = [regions[0]!, regions[2]!]
    expect(() => regionAt(holed, Buffer.from('d')))
      .to.throw(HBaseFailure)
      .with.property('transient', true)
    expect(() => regionBelow(holed, Buffer.from('f')))
      .to.throw(HBaseFailure)
      .with.property('transient', true)
  })
})
