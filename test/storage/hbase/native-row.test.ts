import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { rowIn } from '../../../lib/storage/hbase/native-row.ts'
import {
  BinaryReader,
  type BinaryWriter,
  encoded,
  writeMessage,
  writeNumber,
  writeText
} from '../../../lib/storage/hbase/protobuf.ts'

/** A reader at the length of a row that is written so. */
function answerWith(write: (writer: BinaryWriter) => void): BinaryReader {
  const reader = new BinaryReader(
    Buffer.concat([Buffer.from('before'), encoded(w => writeMessage(w, 5, () => write(w)))])
  )
  reader.pos = 'before'.length + 1
  return reader
}

function writeCell(writer: BinaryWriter, qualifier: string, value: string): void {
  writeMessage(writer, 1, () => {
    writeText(writer, 1, 'the key')
    writeText(writer, 2, 'cf')
    writeText(writer, 3, qualifier)
    writeNumber(writer, 4, 1_795_968_628_779)
    writeText(writer, 6, value)
  })
}

describe('NativeRow', () => {
  it('has its key, its cells and their times', () => {
    const answer = answerWith(writer => {
      writeCell(writer, 'values', '["ä"]')
      writeCell(writer, 'claim', '-')
    })
    const { row, isPartial } = rowIn(answer)
    expect(isPartial).to.equal(false)
    expect(answer.pos).to.equal(answer.len)
    expect(row!.key.toString()).to.equal('the key')
    expect(row!.bytes).to.equal(answer.len - 'before'.length - 1)
    expect([...row!.cells].map(([name, { text, time }]) => [name, text, time])).to.deep.equal([
      ['values', '["ä"]', 1_795_968_628_779],
      ['claim', '-', 1_795_968_628_779]
    ])
    expect(row!.cells.get('values')!.value).to.deep.equal(Buffer.from('["ä"]'))
    expect(row!.cells.has('claim')).to.equal(true)
    expect(row!.cells.has('request')).to.equal(false)
    expect(row!.cells.get('request')).to.equal(undefined)
  })

  it('says when it goes on in the next answer', () => {
    const answer = answerWith(writer => {
      writeCell(writer, 'values', 'x')
      writeNumber(writer, 5, 1)
    })
    expect(rowIn(answer).isPartial).to.equal(true)
  })

  it('is none without a cell', () => {
    expect(rowIn(answerWith(writer => writeNumber(writer, 3, 1))).row).to.equal(undefined)
  })

  it('is read when somebody looks, and cannot be when a cell goes beyond its row', () => {
    const answer = answerWith(writer => {
      writeCell(writer, 'values', 'x')
      // A cell whose value says that it has a thousand bytes.
      writeMessage(writer, 1, () => writer.uint32((6 << 3) | 2).uint32(1_000))
    })
    const { row } = rowIn(answer)
    expect(row!.key.toString()).to.equal('the key')
    expect(() => row!.cells)
      .to.throw(StorageError, 'Cannot read a row: ')
      .with.property('code', 'SPW_ERR_STORAGE')
  })
})
