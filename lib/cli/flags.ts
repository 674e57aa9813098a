import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Override, SectionName } from '../config/sections.ts'
import { errorCodes, type StoredOutcome } from '../errors.ts'
import { nearest } from '../options.ts'
import type { Filter } from '../storage/filter.ts'
import { duration, integer, list, path, plainNumber, within } from './flag-values.ts'

interface OverrideFlag {
  readonly flag: string
  readonly section: SectionName
  readonly option: string
  readonly description: string
  readonly parse?: (text: string) => unknown
}

const inputFlags: readonly OverrideFlag[] = [
  {
    flag: '--input <path>',
    section: 'source',
    option: 'input',
    description: 'a file, a folder, or - for standard input',
    parse: path
  },
  {
    flag: '--format <name>',
    section: 'source',
    option: 'format',
    description: 'ndjson, lines or csv (default: by the name)'
  }
]

const sendFlags: readonly OverrideFlag[] = [
  { flag: '--url <url>', section: 'http', option: 'url', description: 'where to send' },
  {
    flag: '--method <name>',
    section: 'http',
    option: 'method',
    description: 'GET, POST, PATCH, PUT, DELETE, OPTIONS or TRACE'
  },
  {
    flag: '--num-writers <n>',
    section: 'http',
    option: 'numWriters',
    description: 'requests under way at most',
    parse: integer
  },
  {
    flag: '--batch-size <n>',
    section: 'http',
    option: 'batchSize',
    description: 'records in one request at most',
    parse: integer
  },
  {
    flag: '--timeout <time>',
    section: 'http',
    option: 'timeout',
    description: `for one attempt: 10s, 500ms; ${plainNumber}`,
    parse: duration
  },
  {
    flag: '--drain-timeout <time>',
    section: 'http',
    option: 'drainTimeout',
    description: `for what is under way when a signal comes: 10s, 500ms; ${plainNumber}`,
    parse: duration
  },
  {
    flag: '--retries <n>',
    section: 'retry',
    option: 'retries',
    description: 'attempts after the first',
    parse: integer
  }
]

const storageFlags: readonly OverrideFlag[] = [
  { flag: '--storage <name>', section: 'failover', option: 'storage', description: 'where deliveries are stored' },
  {
    flag: '--path <folder>',
    section: 'failover',
    option: 'path',
    description: 'the folder of the storage "file" or "hdfs"',
    parse: path
  }
]

const journalFlags: readonly OverrideFlag[] = [
  {
    flag: '--journal <folder>',
    section: 'journal',
    option: 'path',
    description: 'keeps what is read until it is delivered or stored, and the place in files (default: ./journal)',
    parse: path
  }
]

/** The flags of a command that count more than the configuration file. */
export function addOverrides(command: Command, groups: { input?: boolean; send?: boolean }): Command {
  for (const { flag, description, parse } of overrideFlags(groups)) {
    const option = new Option(flag, description)
    command.addOption(parse === undefined ? option : option.argParser(parse))
  }
  return command
}

/** What was given by these flags. */
export function overridesIn(command: Command): Override[] {
  const given = command.opts<Record<string, unknown>>()
  return overrideFlags({ input: true, send: true }).flatMap(({ flag, section, option }) => {
    const name = flag.slice(0, flag.indexOf(' '))
    const value = given[new Option(flag).attributeName()]
    return value === undefined || command.options.every(({ long }) => long !== name)
      ? []
      : [{ section, option, value, flag: name }]
  })
}

function overrideFlags({ input = false, send = false }: { input?: boolean; send?: boolean }): readonly OverrideFlag[] {
  return [...(input ? [...inputFlags, ...journalFlags] : []), ...(send ? sendFlags : []), ...storageFlags]
}

/** The flags of a command that say which stored deliveries are meant. */
export function addFilter(command: Command): Command {
  return command
    .option('--since <time>', 'accepted at this time or later: 2026-01-31T12:00:00Z', time)
    .option('--until <time>', 'accepted before this time', time)
    .option('--status <codes>', 'the last answer: 503,429', list(within(100, 999)))
    .option('--code <codes>', 'the last error: SPW_ERR_TIMEOUT', list(oneOf(Object.keys(errorCodes))))
    .option('--outcome <names>', `stored as: ${outcomes.join(', ')}`, list(oneOf(outcomes)))
}

const outcomes = ['exhausted', 'ambiguous', 'refused', 'shutdown'] as const satisfies readonly StoredOutcome[]

/** The filter that was given, without what was not. */
export function filterIn(command: Command): Filter {
  const { since, until, status, code, outcome } = command.opts<Filter>()
  const filter = { since, until, status, code, outcome }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

function time(text: string): string {
  const [date, year, month, day = '1'] = /^(\d{4})-(\d{2})(?:-(\d{2}))?/.exec(text) ?? []
  if (date !== undefined && !Number.isNaN(Date.parse(text)) && Number(day) <= daysIn(Number(year), Number(month))) {
    return text
  }
  throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.')
}

// Date.parse() takes the 31st of every month.
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function oneOf(names: readonly string[]): (text: string) => string {
  return text => {
    if (names.includes(text)) return text
    const near = nearest(text, names)
    throw new InvalidArgumentError(`It must be one of ${names.join(', ')}${near === undefined ? '' : `: ${near}?`}.`)
  }
}
