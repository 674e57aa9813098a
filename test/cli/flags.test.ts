import { expect } from 'chai'
import { Command, CommanderError } from 'commander'
import { addFilter, addOverrides, filterIn, overridesIn } from '../../lib/cli/flags.ts'

function parsed(add: (command: Command) => Command, args: readonly string[]): Command {
  const command = add(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  return command.parse(args, { from: 'user' })
}

describe('the flags that count more than the file', () => {
  const all = (command: Command): Command => addOverrides(command, { input: true, send: true })

  it('are options of the sections', () => {
    const flags = [
      ...['--input', 'a', '--format', 'csv', '--url', 'http://h/', '--method', 'put', '--num-writers', '8'],
      ...['--batch-size', '10', '--timeout', '2s', '--drain-timeout', '1m', '--retries', '0', '--storage', 'file'],
      ...['--path', './x']
    ]
    const given = overridesIn(parsed(all, flags)).map(({ section, option, value, flag }) => [
      flag,
      section,
      option,
      value
    ])
    expect(given).to.deep.equal([
      ['--input', 'source', 'input', 'a'],
      ['--format', 'source', 'format', 'csv'],
      ['--url', 'http', 'url', 'http://h/'],
      ['--method', 'http', 'method', 'put'],
      ['--num-writers', 'http', 'numWriters', 8],
      ['--batch-size', 'http', 'batchSize', 10],
      ['--timeout', 'http', 'timeout', 2_000],
      ['--drain-timeout', 'http', 'drainTimeout', 60_000],
      ['--retries', 'retry', 'retries', 0],
      ['--storage', 'failover', 'storage', 'file'],
      ['--path', 'failover', 'path', './x']
    ])
  })

  it('are none when none is given', () => {
    expect(overridesIn(parsed(all, []))).to.deep.equal([])
  })

  it('refuse a flag where a file or a folder is missing', () => {
    for (const flag of ['--input', '--journal', '--path']) {
      expect(() => parsed(all, [flag, '--anew']), flag).to.throw(CommanderError, /write \.\/--anew for one/)
      expect(() => parsed(all, [`${flag}=--anew`]), flag).to.throw(CommanderError)
    }
    const flags = ['--input', '-', '--journal', './--anew', '--path', '-x']
    expect(overridesIn(parsed(all, flags)).map(({ value }) => value)).to.deep.equal(['-', './--anew', '-x'])
  })

  it('do not take the flags of a filter for their own', () => {
    const command = parsed(each => addFilter(addOverrides(each, {})), ['--status', '503', '--path', 'x'])
    expect(overridesIn(command).map(({ flag }) => flag)).to.deep.equal(['--path'])
  })
})

describe('the flags of a filter', () => {
  it('are a filter of what was given', () => {
    const flags = ['--since', '2026-01-01', '--status', '503,429', '--outcome', 'refused', '--code', 'SPW_ERR_STATUS']
    expect(filterIn(parsed(addFilter, flags))).to.deep.equal({
      since: '2026-01-01',
      status: [503, 429],
      outcome: ['refused'],
      code: ['SPW_ERR_STATUS']
    })
    expect(filterIn(parsed(addFilter, ['--until', '2026-01-31T12:00:00Z']))).to.deep.equal({
      until: '2026-01-31T12:00:00Z'
    })
    expect(filterIn(parsed(addFilter, ['--since', '2024-02-29', '--until', '2026-12']))).to.deep.equal({
      since: '2024-02-29',
      until: '2026-12'
    })
    expect(filterIn(parsed(addFilter, []))).to.deep.equal({})
  })

  it('refuse what can match nothing', () => {
    for (const flags of [
      ['--outcome', 'refusd'],
      ['--code', 'TIMEOUT'],
      ['--since', 'yesterday'],
      ['--until', '5'],
      ['--since', '2026-02-31'],
      ['--until', '2025-02-29T12:00:00Z'],
      ['--status', '5xx'],
      ['--status', '503,99999'],
      ['--status', '99'],
      ['--al']
    ]) {
      expect(() => parsed(addFilter, flags), flags.join(' ')).to.throw(CommanderError)
    }
    expect(() => parsed(addFilter, ['--outcome', 'refusd'])).to.throw(/refused\?/)
  })
})
