import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** The calls that change a disk. */
export const changingCalls = [
  'openat',
  'write',
  'pwrite64',
  'pwritev',
  'ftruncate',
  'fsync',
  'fdatasync',
  'rename',
  'unlink'
]

/** A call that was seen: which, on what. */
export interface SeenCall {
  readonly name: string
  readonly paths: readonly string[]
}

/** Stops the program at the calls that are looked at only, so that it is faster. Signals cannot be injected then. */
export const quickly = '--seccomp-bpf'

/** How a program ended that ran under strace. */
export interface TracedEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly errors: string
}

/** Why this machine cannot trace, if it cannot. */
export function whyNotTracing(): string | undefined {
  const { error, status, stderr }: SpawnSyncReturns<string> = spawnSync('strace', ['-e', 'trace=none', 'true'], {
    encoding: 'utf8'
  })
  if (error !== undefined) return `strace: ${error.message}`
  return status === 0 ? undefined : `strace: ${stderr.trim()}`
}

/**
 * Runs a program under strace. File system calls come from one thread, so that the counters of strace, which are per thread,
 * count them all.
 */
export async function traced(
  options: readonly string[],
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv
): Promise<TracedEnd> {
  const child = spawn('strace', ['-f', '-qq', ...options, process.execPath, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '' }
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  // The last line may be cut short by the end.
  return { code, signal, errors, lines: output.split('\n').slice(0, -1) }
}

const line = /^\d+ +(\w+)\((.*)$/

/** The calls in the output of strace on what is within a folder. */
export function callsIn(trace: string, folder: string): SeenCall[] {
  const calls: SeenCall[] = []
  for (const text of readFileSync(trace, 'utf8').split('\n')) {
    const [, name, args = ''] = line.exec(text) ?? []
    const paths = [...args.matchAll(/[<"](\/[^>"]*)[>"]/g)].map(([, path]) => path!)
    const within = [...new Set(paths)].filter(path => path === folder || path.startsWith(`${folder}/`))
    if (name !== undefined && within.length > 0) calls.push({ name, paths: within })
  }
  return calls
}
