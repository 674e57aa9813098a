import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { type Config, readConfig } from '../config/read-config.ts'
import { type Secrets } from '../config/secrets.ts'
import { OptionsError } from '../errors.ts'
import { check } from './commands/check.ts'
import type { Context } from './commands/context.ts'
import { endpoint } from './commands/endpoint.ts'
import { ls } from './commands/ls.ts'
import { purge } from './commands/purge.ts'
import { replay } from './commands/replay.ts'
import { run } from './commands/run.ts'
import { show } from './commands/show.ts'
import { count, duration, integer, plainNumber, port, positive, share, span, within } from './flag-values.ts'
import { addFilter, addOverrides, filterIn, overridesIn } from './flags.ts'
import { helpText } from './help-text.ts'
import { IdCommand } from './id-command.ts'
import { tell, unwritten } from './standard-streams.ts'
import type { TestEndpointOptions } from './test-endpoint.ts'

/** What a command does once its configuration was read. */
type Action = (config: Config, context: Context, command: Command) => Promise<number>

/** The command line. `done` gets the exit code of the command that was run. */
export function program(secrets: Secrets, unread: AbortSignal, done: (code: number) => void): Command {
  const all = new Command('spillway')
    .description('Delivers records by HTTP, or stores them where they can be replayed from.')
    .version(version())
    .exitOverride()
    .enablePositionalOptions()
    .addHelpText('after', helpText())

  const withConfig = (name: string, description: string, action: Action, Kind = Command): Command => {
    const command = new Kind(name).copyInheritedSettings(all)
    all.addCommand(command)
    return command
      .description(description)
      .argument('<config>', 'a configuration file, YAML or JSON, ours or StreamPark’s')
      .option('--quiet', 'no progress and no notices')
      .action(async (file: string) => {
        const flags = command.opts<{ quiet?: boolean }>()
        const overrides = overridesIn(command)
        const config = await readConfig(file, { environment: process.env, secrets, overrides })
        const quiet = flags.quiet === true
        if (!quiet) for (const notice of config.notices) tell(secrets.redact(notice))
        const code = await action(config, { quiet, secrets, unread }, command)
        // Of those that send, it says what became of the records.
        const isOutput = name !== 'run' && name !== 'replay'
        done(code === 0 && isOutput && unwritten(unread) !== undefined ? 5 : code)
      })
  }

  addOverrides(withConfig('run', 'deliver the records of an input', runAction), { input: true, send: true })
    .addOption(noJournal())
    .option('--anew', 'sends files from their beginning, whatever an earlier run settled')

  addFilter(addOverrides(withConfig('replay', 'send again what is stored', replayAction), { send: true }))
    .option('--all', 'everything but refused ones')
    .option('--dry-run', 'only count what would be sent')
    .option('--limit <n>', 'deliveries at most', count)
    .option('--rate <n>', 'records a second at most', positive)

  addFilter(addOverrides(withConfig('ls', 'list what is stored', lsAction), {}))
    .option('--limit <n>', 'deliveries at most', integer)
    .option('--json', 'a JSON line each, for programs')

  addOverrides(withConfig('show', 'print a stored delivery', showAction, IdCommand), {}).argument(
    '<id>',
    'as "ls" lists it; after -- when it begins with two dashes'
  )

  addFilter(addOverrides(withConfig('purge', 'remove what is stored, for good', purgeAction), {}))
    .option('--all', 'everything')
    .option('--yes', 'really')

  addOverrides(withConfig('check', 'say whether the configuration and the storage are right', checkAction), {
    send: true
  }).option('--probe', 'also send an OPTIONS request to the endpoint')

  all
    .command('endpoint')
    .description('an endpoint on this machine, to try a sink; a signal ends it, and it prints what it got')
    .option('--port <n>', '0 takes a free one', port, 8080)
    .option('--latency <time>', `before each answer: 1s, 20ms; ${plainNumber}`, duration, 0)
    .option('--fail <share>', 'of the requests: 0.05', share, 0)
    .addOption(
      new Option('--status <code>', 'of the failing ones; without --fail of all')
        .argParser(within(200, 599))
        .default(503)
        .implies({ fail: 1 })
    )
    .option('--down <span>', `when nobody can connect: 10s..13s, after its start; ${plainNumber}`, span)
    .action(async (options: TestEndpointOptions) => done(await endpoint(options)))
  return all
}

const runAction: Action = (config, context, command) => {
  const { noJournal = false, anew = false } = command.opts<{ noJournal?: boolean; anew?: boolean }>()
  return run(noJournal ? { ...config, journal: undefined } : config, { noJournal, anew }, context)
}

function noJournal(): Option {
  const option = new Option('--no-journal', 'keeps nothing: a crash loses what was read and not delivered')
  // Else the two are one option to commander, and the last one counts.
  option.negate = false
  return option.conflicts('journal')
}

const replayAction: Action = (config, context, command) => {
  const { limit, rate, dryRun = false } = command.opts<{ limit?: number; rate?: number; dryRun?: boolean }>()
  return replay(config, { filter: chosen(command), limit, rate, dryRun }, context)
}

const lsAction: Action = (config, context, command) => {
  const { limit, json = false } = command.opts<{ limit?: number; json?: boolean }>()
  return ls(config, { filter: filterIn(command), limit, json }, context)
}

const showAction: Action = (config, context, command) => show(config, command.args[1]!, context)

const purgeAction: Action = (config, context, command) =>
  purge(config, { filter: chosen(command), yes: command.opts<{ yes?: boolean }>().yes === true }, context)

const checkAction: Action = (config, context, command) =>
  check(config, { probe: command.opts<{ probe?: boolean }>().probe === true }, context)

/** What is meant must be said: a filter, or `--all`. Both would be a contradiction. */
function chosen(command: Command): ReturnType<typeof filterIn> {
  const filter = filterIn(command)
  const isFiltered = Object.keys(filter).length > 0
  const isAll = command.opts<{ all?: boolean }>().all === true
  if (isFiltered !== isAll) return filter
  const name = command.name()
  if (isAll) throw new OptionsError(`${name} takes --all, or some of ${filterNames}, not both`)
  throw new OptionsError(`${name} needs --all, or one of ${filterNames}`)
}

const filterNames = '--since, --until, --status, --code, --outcome'

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
