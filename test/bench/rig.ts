import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cache } from './cache.ts'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const root = here('../../')

export const clientCore = 0
export const endpointCore = 1

/** What a contender says of its run. */
export interface Run {
  records: number
  /** Of the measured part, without warm-up. */
  ms: number
  /** Microseconds of CPU, user and system, of the measured part. */
  cpu: number
  [more: string]: number
}

/** Compiles `endpoint.c` when it is newer than what was compiled. Throws with a sentence when there is no compiler. */
export function compiledEndpoint(): string {
  const source = here('./endpoint.c')
  const binary = `${cache}endpoint`
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return binary
  try {
    execFileSync('cc', ['-O2', '-Wall', '-o', binary, source], { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch (cause) {
    throw new Error('The benchmark needs a C compiler (`cc`) for its endpoint: a Node endpoint would be the limit.', {
      cause
    })
  }
  return binary
}

/** Compiles the clients as a user's package is compiled: what runs TypeScript takes memory and time of its own. */
export function compileClients(): void {
  const options = [
    '--outDir',
    `${cache}js`,
    '--rootDir',
    root,
    '--noEmit',
    'false',
    '--allowImportingTsExtensions',
    'false'
  ]
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const settings = { extends: `${root}tsconfig.json`, files: [here('./client.ts')], include: [] }
  writeFileSync(`${cache}tsconfig.json`, JSON.stringify(settings))
  const command = [tsc, '-p', `${cache}tsconfig.json`, '--noCheck', ...options]
  execFileSync(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] })
}

export interface EndpointOptions {
  latency?: number
  status?: number
  /** Every so manieth request is answered by `failStatus`. */
  failEvery?: number
  failStatus?: number
}

export interface BenchEndpoint {
  origin: string
  /** Requests it has got so far. */
  requests(): Promise<number>
  stop(): Promise<void>
}

export async function startEndpoint(options: EndpointOptions = {}): Promise<BenchEndpoint> {
  const { latency = 0, status = 200, failEvery = 0, failStatus = 503 } = options
  const child = pinned(endpointCore, [compiledEndpoint(), '0', ...[latency, status, failEvery, failStatus].map(String)])
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  return {
    origin: `http://127.0.0.1:${port}`,
    async requests() {
      child.kill('SIGUSR1')
      return Number(String((await lines.next()).value).split(' ')[0])
    },
    async stop() {
      const exit = once(child, 'exit')
      child.stdin!.end()
      await exit
    }
  }
}

/** Runs one contender in a process of its own and gives what it measured. */
export async function runClient(
  contender: string,
  settings: object,
  nodeOptions: readonly string[] = []
): Promise<Run> {
  const script = [`${cache}js/test/bench/client.js`, contender, JSON.stringify(settings)]
  const child = pinned(clientCore, [process.execPath, '--expose-gc', ...nodeOptions, ...script])
  const output: string[] = []
  child.stdout!.setEncoding('utf8').on('data', text => output.push(text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${contender} ended with ${code}: ${output.join('')}`)
  return JSON.parse(output.join('').trim().split('\n').at(-1)!) as Run
}

function pinned(core: number, command: readonly string[]): ChildProcess {
  const [file, ...args] = canPin() ? ['taskset', '-c', String(core), ...command] : command
  return spawn(file!, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, BENCH_CACHE: cache } })
}

let pinning: boolean | undefined

/** Whether processes can be kept on a core each. */
export function canPin(): boolean {
  if (pinning !== undefined) return pinning
  try {
    execFileSync('taskset', ['-c', String(endpointCore), 'true'], { stdio: 'ignore' })
    pinning = true
  } catch {
    pinning = false
  }
  return pinning
}
