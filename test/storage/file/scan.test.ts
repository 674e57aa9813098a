import { expect } from 'chai'
import { line, lineOf } from '../../../lib/storage/file/line.ts'
import { type Damage, scan } from '../../../lib/storage/file/scan.ts'
import { Scratch } from '../../../lib/storage/file/scratch.ts'
import { memoryFile } from './memory-file.ts'

const seed = 4711

async function scanned(
  bytes: Buffer,
  to = bytes.length,
  scratch?: Scratch
): Promise<{ texts: string[]; damages: Damage[] }> {
  const texts: string[] = []
  const damages: Damage[] = []
  for await (const block of scan(memoryFile(bytes), { seed, from: 0, to }, damage => damages.push(damage), scratch)) {
    for (let i = 0; i < block.lines.length; i += 2) {
      texts.push(block.bytes.toString('utf8', block.lines[i]! + line.head, block.lines[i + 1]))
    }
  }
  return { texts, damages }
}

const texts = Array.from({ length: 24 }, (_, i) => JSON.stringify({ number: i, text: 'ä "x"'.repeat(i % 5) }))
const lines = texts.map(text => lineOf(text, seed))
const file = Buffer.concat(lines)
const starts = lines.map((_, i) => Buffer.concat(lines.slice(0, i)).length)

/** The line that the byte belongs to. */
const lineAt = (offset: number): number => starts.findLastIndex(start => start <= offset)

describe('scan', () => {
  it('gives every line of an intact file', async () => {
    expect(await scanned(file)).to.deep.equal({ texts, damages: [] })
  })

  it('gives lines that are longer than a block, and those around them', async () => {
    const long = [JSON.stringify('a'.repeat(3_000_000)), '"short"', JSON.stringify('b'.repeat(1_200_000)), '"last"']
    const found = await scanned(Buffer.concat(long.map(text => lineOf(text, seed))))
    expect(found.texts.map(text => text.length)).to.deep.equal(long.map(text => text.length))
    expect(found.damages).to.deep.equal([])
  })

  it('gives of one file after another what is in it, in one buffer', async () => {
    const scratch = new Scratch()
    const buffer = Buffer.concat([file, file, file])
    scratch.giveBack(buffer)
    for (const cut of [file.length, starts[5]!, starts[5]! - 1, starts[9]! + 3, 0, 1, file.length - 1, file.length]) {
      const part = file.subarray(0, cut)
      expect(await scanned(part, cut, scratch), `cut at ${cut}`).to.deep.equal(await scanned(part))
    }
    expect(scratch.take(1)).to.equal(buffer)
  })

  it('gives the buffer back when nobody wants the rest, and keeps none that has grown', async () => {
    const scratch = new Scratch()
    for await (const { bytes } of scan(memoryFile(file), { seed, from: 0, to: file.length }, () => {}, scratch)) {
      expect(scratch.take(1)).to.not.equal(bytes)
      break
    }
    expect(scratch.take(1).length).to.equal(file.length)
    await scanned(lineOf(JSON.stringify('a'.repeat(3_000_000)), seed), undefined, scratch)
    expect(scratch.take(1).length).to.equal(1)
  })

  it('looks at nothing beyond its end', async () => {
    expect(await scanned(file, starts[5])).to.deep.equal({ texts: texts.slice(0, 5), damages: [] })
  })

  it('T13 recovers every complete line before a torn tail, at whichever byte it was cut', async () => {
    for (let cut = 0; cut < file.length; cut++) {
      const found = await scanned(file.subarray(0, cut))
      const whole = starts.filter((start, i) => start + lines[i]!.length <= cut).length
      expect(found.texts, `cut at ${cut}`).to.deep.equal(texts.slice(0, whole))
      const rest = cut - (starts[whole] ?? file.length)
      const torn = rest === 0 ? [] : [{ offset: starts[whole], bytes: rest, torn: true }]
      expect(found.damages, `cut at ${cut}`).to.deep.equal(torn)
    }
  })

  it('T15 loses the line with a flipped bit at most, gives no wrong one, and reports it', async () => {
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Buffer.from(file)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const hit = lineAt(bit >> 3)
      const found = await scanned(flipped)
      expect(found.texts, `bit ${bit}`).to.deep.equal(texts.toSpliced(hit, 1))
      expect(found.damages.length, `bit ${bit}`).to.equal(1)
      expect(found.damages[0], `bit ${bit}`).to.deep.equal({
        offset: starts[hit],
        bytes: lines[hit]!.length,
        torn: false
      })
    }
  }).timeout(60_000)

  it('T17 takes no line that was written to another segment', async () => {
    const foreign = lineOf('{"number":"foreign"}', seed + 1)
    const found = await scanned(Buffer.concat([lines[0]!, foreign, lines[1]!]))
    expect(found.texts).to.deep.equal(texts.slice(0, 2))
    expect(found.damages).to.deep.equal([{ offset: starts[1], bytes: foreign.length, torn: false }])
  })

  it('T19 goes on at the next line after a damaged middle of any size', async () => {
    for (const size of [1, 100, 1_500_000]) {
      for (const filling of [0, 10, 0x20, 0x30, 0xff]) {
        const found = await scanned(
          Buffer.concat([lines[0]!, Buffer.alloc(size, filling), Buffer.from('\n'), lines[1]!])
        )
        expect(found.texts, `${size} bytes of ${filling}`).to.deep.equal(texts.slice(0, 2))
        expect(found.damages, `${size} bytes of ${filling}`).to.deep.equal([
          { offset: starts[1], bytes: size + 1, torn: false }
        ])
      }
    }
  })

  it('T19 loses no line beside those of which bytes are gone, whichever these are', async () => {
    const ends = starts.map((start, i) => start + lines[i]!.length)
    for (let from = 0; from < file.length; from += 7) {
      for (const size of [1, 40, 512]) {
        const damaged = Buffer.concat([file.subarray(0, from), file.subarray(from + size)])
        const whole = texts.filter((_text, i) => ends[i]! <= from || starts[i]! >= from + size)
        expect((await scanned(damaged)).texts, `${size} bytes from ${from} on`).to.deep.equal(whole)
      }
    }
  })

  it('finds the line after a damaged one that lies across the end of a block', async () => {
    const before = lineOf(JSON.stringify('a'.repeat(1024 * 1024 - 80)), seed)
    const damaged = Buffer.from(lines[3]!)
    damaged[damaged.length - 1] = 0
    const found = await scanned(Buffer.concat([before, damaged, lines[4]!, lines[5]!]))
    expect(found.texts.slice(1)).to.deep.equal([texts[4], texts[5]])
  })

  it('calls a tail that holds a whole damaged line damaged, not torn', async () => {
    const tail = Buffer.from(lines[1]!)
    tail[30]! ^= 1
    expect((await scanned(Buffer.concat([lines[0]!, tail]))).damages[0]?.torn).to.equal(false)
  })
})
