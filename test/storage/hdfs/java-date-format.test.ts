import { expect } from 'chai'
import { OptionsError } from '../../../lib/errors.ts'
import { dateFormat } from '../../../lib/storage/hdfs/java-date-format.ts'
import { processorTime } from '../../support/processor-time.ts'

describe('dateFormat', () => {
  const afternoon = new Date(2024, 1, 3, 16, 5, 9, 7)
  const midnight = new Date(2024, 11, 31, 0, 0, 0, 45)

  // As java.text.SimpleDateFormat makes them.
  const patterns: Array<[string, string, string]> = [
    ['yyyy-MM-dd', '2024-02-03', '2024-12-31'],
    ['yyyyMMdd', '20240203', '20241231'],
    ['yyyy/MM/dd/HH', '2024/02/03/16', '2024/12/31/00'],
    ['yy-M-d', '24-2-3', '24-12-31'],
    ['y', '2024', '2024'],
    ['HHmmssSSS', '160509007', '000000045'],
    ['h K k a', '4 4 16 PM', '12 0 24 AM'],
    ['DDD', '034', '366'],
    ['MMM', 'Feb', 'Dec'],
    ['MMMM', 'February', 'December'],
    ['E, EEEE', 'Sat, Saturday', 'Tue, Tuesday'],
    ["'day'-dd", 'day-03', 'day-31'],
    ["dd'T'HH", '03T16', '31T00'],
    ["'dt='yyyy", 'dt=2024', 'dt=2024']
  ]
  for (const [pattern, first, second] of patterns) {
    it(`makes of ${pattern} what Java makes`, () => {
      const format = dateFormat(pattern)
      expect([format(afternoon), format(midnight)]).to.deep.equal([first, second])
    })
  }

  const wrong: Array<[string, string]> = [
    ['yyyy-QQ', 'has the letter Q, which is none of'],
    ['YYYY', 'has the letter Y'],
    ["yyyy'x", 'has a quote that is not closed'],
    ['yyyy//MM', 'makes the folder ""'],
    ['/yyyy', 'makes the folder ""'],
    ["yyyy/'..'/MM", 'makes the folder ".."'],
    ["'_spillway'/yyyy", 'makes the folder "_spillway"'],
    ["'.hidden'", 'makes the folder ".hidden"'],
    ['HH:mm', 'makes the folder'],
    ["yyyy''", 'makes the folder'],
    ['yyyyyyyyyyyy', '12 times'],
    ["'" + 'a'.repeat(198) + "'y", 'has 201 characters: at most 200']
  ]
  for (const [pattern, message] of wrong) {
    it(`refuses ${pattern}`, () => {
      expect(() => dateFormat(pattern)).to.throw(OptionsError, message)
    })
  }

  it('C20 judges a pattern of a megabyte in a moment, whatever it consists of', () => {
    const size = 1024 * 1024
    for (const pattern of ["'".repeat(size), "'" + 'a'.repeat(size), "''a".repeat(size / 3), '-'.repeat(size)]) {
      const judge = (): number => processorTime(() => expect(() => dateFormat(pattern)).to.throw(OptionsError))
      // The collector, which works beside it, counts too: the least of three is that of the task.
      expect(Math.min(judge(), judge(), judge())).to.be.below(100)
    }
  })
})
