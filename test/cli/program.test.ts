import { expect } from 'chai'
import { exitCodes } from '../../lib/cli/exit-code.ts'
import { duration, span } from '../../lib/cli/flag-values.ts'
import { program } from '../../lib/cli/program.ts'
import { Secrets } from '../../lib/config/secrets.ts'

describe('the help of the command line', () => {
  const all = program(new Secrets(), new AbortController().signal, () => {})

  it('has an example and the exit codes at its end', () => {
    let help = ''
    all.configureOutput({ writeOut: text => (help += text) }).outputHelp()
    expect(help).to.match(/\nExample:\n {2}spillway run config\.yaml --input events\.ndjson\n/)
    expect(help).to.match(
      /\nExit codes:\n {2}0 +Everything was delivered; of the other commands: it went well\.\n {2}1 /
    )
    for (const [code, meaning] of exitCodes) expect(help).to.include(code).and.include(meaning.replaceAll('`', ''))
  })

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
