import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { type DamagedLine, InputSource, type InputSourceOptions } from '../../lib/source/input-source.ts'
import { inputFiles } from '../../lib/source/input-files.ts'
import { formatOf } from '../../lib/source/options.ts'

describe('InputSource', () => {
  let folder: string
  let damaged: string[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-source-'))
    damaged = []
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function sourceOf(input: string, options: Partial<InputSourceOptions> = {}): Promise<InputSource> {
    return new InputSource({
      files: await inputFiles(input),
      parsed: false,
      maxLineBytes: 1_024,
      async onDamaged({ file, line, reason, bytes, first }: DamagedLine) {
        const name = file.slice(folder.length + 1)
        damaged.push(
          `${name}:${line} ${reason}${first ? '' : ' …'} [${Buffer.from(bytes).toString('latin1').slice(0, 20)}]`
        )
      },
      ...options
    })
  }

  async function file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  const asText = (record: unknown): unknown => (record instanceof Uint8Array ? Buffer.from(record).toString() : record)

  async function read(source: InputSource): Promise<unknown[]> {
    const records: unknown[] = []
    for await (const record of source) records.push(asText(record))
    return records
  }

  it('gives JSON lines as their bytes, exactly as they stand in the file', async () => {
    const lines = ['{"a": 1.10, "b" :"\\u00e9é"}', '[1e400,12345678901234567890]', '"x"', '7', 'null']
    const path = await file('a.ndjson', lines.join('\n'))
    expect(await read(await sourceOf(path))).to.deep.equal(lines)
    expect(damaged).to.deep.equal([])
  })

  it('gives JSON lines as values when they are wanted', async () => {
    const path = await file('a.ndjson', '{"url": "http://h/"}\n"http://h/a?b=c"\nnull\n')
    expect(await read(await sourceOf(path, { parsed: true }))).to.deep.equal([{ url: 'http://h/' }, 'http://h/a?b=c'])
    expect(damaged).to.deep.equal(['a.ndjson:3 null is no record [null]'])
  })

  it('gives other lines as texts', async () => {
    const path = await file('a.txt', 'one\n two \n\nhttp://h/?a=b\r\n')
    expect(await read(await sourceOf(path))).to.deep.equal(['one', ' two ', 'http://h/?a=b'])
  })

  it('gives the rows of CSV as objects of texts', async () => {
    const path = await file('a.csv', 'id,name,__proto__\r\n1,"Smith, J",x\r\n2,"a ""b""\nc",y\r\n')
    const rows = await read(await sourceOf(path))
    expect(JSON.stringify(rows)).to.equal(
      '[{"id":"1","name":"Smith, J","__proto__":"x"},{"id":"2","name":"a \\"b\\"\\nc","__proto__":"y"}]'
    )
  })

  it('takes the format that it is given, whatever the name of the file', async () => {
    expect(await read(await sourceOf(await file('a.ndjson', 'x,y\n1,2\n'), { format: 'csv' }))).to.deep.equal([
      { x: '1', y: '2' }
    ])
  })

  it('knows the format by the name', () => {
    expect(['a.csv', 'a.CSV.gz', 'a.txt', 'a.ndjson', 'a.json', 'stdin'].map(formatOf)).to.deep.equal([
      'csv',
      'csv',
      'lines',
      'ndjson',
      'ndjson',
      'ndjson'
    ])
  })

  it('leaves out blank lines and a byte order mark', async () => {
    const path = await file('a.ndjson', '\ufeff{"a":1}\n\n  \n\r\n{"a":2}')
    expect(await read(await sourceOf(path))).to.deep.equal(['{"a":1}', '{"a":2}'])
  })

  it('reads the files of a folder one after the other, each with its own header', async () => {
    await file('2.csv', 'b\n2\n')
    await file('1.csv', 'a\n1\n')
    await file('3.ndjson', '{"c":3}')
    expect(await read(await sourceOf(folder, { parsed: true }))).to.deep.equal([{ a: '1' }, { b: '2' }, { c: 3 }])
  })

  it('unpacks a file whose name ends in .gz', async () => {
    const path = await file('a.ndjson.gz', gzipSync('{"a":1}\n{"a":2}\n'))
    expect(await read(await sourceOf(path))).to.deep.equal(['{"a":1}', '{"a":2}'])
  })

  it('hands over a damaged line as it is, with its place, and goes on', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":\nnot json\n'),
      Buffer.of(0x22, 0xff, 0x22, 0x0a),
      Buffer.from('2\n{"tru')
    ])
    const path = await file('a.ndjson', bytes)
    expect(await read(await sourceOf(path))).to.deep.equal(['{"a":1}', '2'])
    expect(damaged).to.deep.equal([
      'a.ndjson:2 it is not JSON [{"a":]',
      'a.ndjson:3 it is not JSON [not json]',
      'a.ndjson:4 it is not UTF-8 ["\xff"]',
      'a.ndjson:6 it is not JSON [{"tru]'
    ])
  })

  it('hands over a row with the wrong number of columns, or a wrong quote', async () => {
    const path = await file('a.csv', 'a,b\n1\n1,2,3\n"1"x,2\n3,4\n5,"6')
    expect(await read(await sourceOf(path))).to.deep.equal([{ a: '3', b: '4' }])
    expect(damaged).to.deep.equal([
      'a.csv:2 it has 1 columns, the header has 2 [1]',
      'a.csv:3 it has 3 columns, the header has 2 [1,2,3]',
      'a.csv:4 a closing quote must be followed by a comma ["1"x,2]',
      'a.csv:6 a quote is not closed [5,"6]'
    ])
  })

  it('hands over every row of a file whose header is unusable', async () => {
    await read(await sourceOf(await file('b.csv', 'a,\n1,2\n')))
    expect(damaged).to.deep.equal([
      'b.csv:1 the header row has a column without a name [a,]',
      'b.csv:2 the header row has a column without a name [1,2]'
    ])
    damaged = []
    await read(await sourceOf(await file('c.csv', '"a"x\n1\n')))
    expect(damaged).to.deep.equal([
      'c.csv:1 a closing quote must be followed by a comma ["a"x]',
      'c.csv:2 its header row cannot be read [1]'
    ])
    damaged = []
    await read(await sourceOf(await file('a.csv', 'a,a\n1,2\n3,4\n')))
    expect(damaged).to.deep.equal([
      'a.csv:1 the header row has two columns of one name [a,a]',
      'a.csv:2 the header row has two columns of one name [1,2]',
      'a.csv:3 the header row has two columns of one name [3,4]'
    ])
  })

  it('hands over a line that is too long in parts, which count as one', async () => {
    const long = `"${'x'.repeat(3_000_000)}"`
    const path = await file('a.ndjson', `1\n${long}\n2\n`)
    let text = ''
    let lines = 0
    const source = await sourceOf(path, {
      async onDamaged({ bytes, first, line, reason }) {
        expect([line, reason]).to.deep.equal([2, 'it has more than 1024 bytes'])
        if (first) lines++
        text += Buffer.from(bytes).toString()
      }
    })
    expect(await read(source)).to.deep.equal(['1', '2'])
    expect(lines).to.equal(1)
    expect(text === long).to.equal(true)
  })

  it('reads no further until a damaged line was taken', async () => {
    const path = await file('a.ndjson', '1\nx\n2\n')
    let taken: (() => void) | undefined
    const source = await sourceOf(path, { onDamaged: () => new Promise(resolve => (taken = resolve)) })
    const records: unknown[] = []
    source.on('data', record => records.push(asText(record)))
    while (taken === undefined) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(records).to.deep.equal(['1'])
    taken()
    await new Promise(resolve => source.once('end', resolve))
    expect(records).to.deep.equal(['1', '2'])
  })

  it('ends without an error when a file cannot be read to its end, and says why', async () => {
    const packed = gzipSync(Array.from({ length: 50_000 }, (_, i) => `{"i":${i * 7919}}\n`).join(''))
    const source = await sourceOf(await file('a.ndjson.gz', packed.subarray(0, packed.length / 2)))
    expect((await read(source)).length).to.be.greaterThan(0)
    expect(source.failure).to.have.property('code', 'Z_BUF_ERROR')
  })

  it('reads a pipe with a name to its end', async () => {
    const path = join(folder, 'pipe')
    expect(spawnSync('mkfifo', [path]).status).to.equal(0)
    const source = await sourceOf(path)
    const records = read(source)
    await writeFile(path, '{"a":1}\n'.repeat(50_000))
    expect(await records).to.have.lengthOf(50_000)
    expect(source.progress()).to.deep.include({ bytes: 400_000, totalBytes: undefined })
  })

  it('stops in the middle: what it gave is given, and it ends', async () => {
    const path = await file('a.ndjson', '{"a":1}\n'.repeat(200_000))
    const source = await sourceOf(path)
    let records = 0
    await pipeline(
      source,
      new Writable({
        objectMode: true,
        write(_record, _encoding, callback) {
          if (++records === 1_000) source.stop()
          callback()
        }
      })
    )
    expect(records).to.be.within(1_000, 20_000)
    expect(source.progress().records).to.equal(records)
    expect(source.failure).to.equal(undefined)
  })

  it('waits for a slow reader instead of filling the memory', async () => {
    const path = await file('a.ndjson', '{"a":1}\n'.repeat(500_000))
    const source = await sourceOf(path)
    source.once('readable', () => source.read())
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(source.progress().bytes).to.be.below(1_000_000)
    source.destroy()
  })

  it('tells how far it is', async () => {
    await file('1.ndjson', '{}\n')
    await file('2.ndjson', '{}\n{}\n')
    const source = await sourceOf(folder)
    expect(source.progress()).to.deep.equal({ bytes: 0, totalBytes: 9, records: 0 })
    await read(source)
    expect(source.progress()).to.deep.equal({ bytes: 9, totalBytes: 9, records: 3 })
  })
})
