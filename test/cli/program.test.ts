import { expect } from 'chai'
import { duration, span } from '../../lib/cli/flag-values.ts'
import { program } from '../../lib/cli/program.ts'
import { Secrets } from '../../lib/config/secrets.ts'

describe('the help of the command line', () => {
  const all = program(new Secrets(), new AbortController().signal, () => {})

  it('says what a plain number means, for each flag that is a time', () => {
    const flags = all.commands.flatMap(({ options }) => options)
    const times = flags.filter(({ parseArg }) => parseArg === duration || parseArg === span)
    expect(new Set(times.map(({ long }) => long))).to.include.keys(
      '--timeout',
      '--drain-timeout',
      '--latency',
      '--down'
    )
    for (const { long, description } of times) {
      expect(description, long).to.match(/: \d\S*, .*; a plain number is milliseconds/)
    }
  })
})
