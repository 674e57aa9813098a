import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import {
  count,
  duration,
  integer,
  list,
  number,
  path,
  port,
  positive,
  share,
  span,
  within
} from '../../lib/cli/flag-values.ts'

function accepts<T>(parse: (text: string) => T, values: ReadonlyArray<readonly [string, T]>): void {
  for (const [text, value] of values) expect(parse(text), text).to.deep.equal(value)
}

function refuses(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) expect(() => parse(text), text).to.throw(InvalidArgumentError)
}

describe('flag values', () => {
  it('reads a time with its unit, or in milliseconds', () => {
    accepts(duration, [
      ['10s', 10_000],
      ['500ms', 500],
      ['1.5m', 90_000],
      ['2h', 7_200_000],
      ['250', 250],
      ['0', 0]
    ])
    refuses(duration, ['', 's', '-1s', '10 s', '10d', '1e3', 'ten', '0x10'])
  })

  it('reads a span of time', () => {
    accepts(span, [['10s..13s', { from: 10_000, to: 13_000 }]])
    refuses(span, ['10s', '13s..10s', '5s..5s', '..5s', '1s..2s..3s'])
  })

  it('reads a share', () => {
    accepts(share, [
      ['0.05', 0.05],
      ['0', 0],
      ['1', 1]
    ])
    refuses(share, ['5%', '1.1', '-0.1', ''])
  })

  it('reads numbers without coercion', () => {
    accepts(number, [['1.5', 1.5]])
    accepts(integer, [['64', 64]])
    accepts(positive, [['0.5', 0.5]])
    refuses(number, ['1e3', '0x10', ' 1', '-1', 'NaN', ''])
    refuses(integer, ['1.5', '-1', ''])
    refuses(positive, ['0', '-1'])
    accepts(count, [['1', 1]])
    refuses(count, ['0', '1.5', '-1', ''])
  })

  it('reads a port', () => {
    accepts(port, [
      ['0', 0],
      ['65535', 65_535]
    ])
    refuses(port, ['65536', '80a'])
  })

  it('reads a whole number within limits', () => {
    accepts(within(200, 599), [
      ['200', 200],
      ['599', 599]
    ])
    refuses(within(200, 599), ['199', '600', '99', '5xx', ''])
  })

  it('reads a path, and no flag in its place', () => {
    accepts(path, [
      ['-', '-'],
      ['./--x', './--x']
    ])
    refuses(path, ['--x', '--'])
  })

  it('reads values separated by commas or by repeating the flag', () => {
    expect(list(integer)('503, 429', [500])).to.deep.equal([500, 503, 429])
  })
})
