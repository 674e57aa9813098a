/**
 * An endpoint that judges: it counts, by the ids in the records, what really came. It runs in a process of its own, so that
 * nothing of ours can count for it.
 *
 *   node --import tsx test/support/oracle-process.ts '{"failRate":0.05,"status":503}'
 *
 * Prints `{"port":…}`, then answers each JSON line of its standard input by one line: `{"command":"stats"}`, `missing`
 * (`n`, `prefix`), `count` (`id`), `plan` (`plan`), `down`, `up`. It ends with its standard input.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { answerText, seededRandom } from './fault.ts'
import { Ledger } from './ledger.ts'
import { proofOf } from './proven-record.ts'
import { RequestParser, type ServerRequest } from './request-parser.ts'
import { freePorts } from './servers/free-ports.ts'

/** What the endpoint does to requests, beside taking them. */
export interface OraclePlan {
  /** The share of requests that is answered by `status`. @default 0 */
  failRate?: number
  /** @default 503 */
  status?: number
  /** Every so manieth id is answered by `status`, each time. */
  failEveryId?: number
  /** The share of requests that is taken, but whose connection is cut instead of an answer. @default 0 */
  cutRate?: number
  /** Milliseconds before each answer. @default 0 */
  latency?: number
  /** The share of answers that come `lateBy` milliseconds later still. @default 0 */
  lateRate?: number
  lateBy?: number
  /** What it answers when it takes a request. @default 200 */
  success?: number
  /** The same seed fails the same requests. @default 1 */
  seed?: number
  /** @default a free one */
  port?: number
}

export type OracleCommand =
  | { command: 'stats' }
  | { command: 'missing'; n: number; prefix?: string; samples?: number }
  | { command: 'count'; id: string | number }
  | { command: 'plan'; plan: OraclePlan }
  | { command: 'down' }
  | { command: 'up' }

const plan: OraclePlan = JSON.parse(process.argv[2] ?? '{}')
const random = seededRandom(plan.seed ?? 1)
const ledger = new Ledger()
const sockets = new Set<Socket>()
const answers = new Map<number, string>()
// Still its own when it was down for a while.
const port = plan.port ?? (await freePorts(1))[0]!
let connections = 0

const server = createServer(socket => {
  sockets.add(socket)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
  const parser = new RequestParser(connections++, { request: request => serve(request, socket) })
  socket.on('data', chunk => parser.push(chunk))
})

function serve(request: ServerRequest, socket: Socket): void {
  ledger.requests++
  const { failRate = 0, cutRate = 0, status = 503, success = 200, lateRate = 0, lateBy = 0 } = plan
  const latency = (plan.latency ?? 0) + (lateRate > 0 && random() < lateRate ? lateBy : 0)
  if ((failRate > 0 && random() < failRate) || isDoomed(request)) {
    ledger.failed++
    return later(latency, () => socket.write(textOf(status)))
  }
  const taken = take(request)
  if (cutRate > 0 && random() < cutRate) {
    ledger.unanswered += taken
    return later(latency, () => socket.resetAndDestroy())
  }
  later(latency, () => {
    if (socket.writable) ledger.accepted += taken
    else ledger.unanswered += taken
    socket.write(textOf(success))
  })
}

function isDoomed(request: ServerRequest): boolean {
  const { failEveryId } = plan
  return failEveryId !== undefined && idsOf(request).some(id => Number(id) % failEveryId === 0)
}

function later(ms: number, act: () => void): void {
  if (ms === 0) act()
  else setTimeout(act, ms)
}

function take(request: ServerRequest): number {
  const key = request.header('idempotency-key')
  const records = judgedIn(request)
  for (const { id, proof } of records) {
    ledger.take(id, key)
    if (proof !== undefined && proof !== proofOf(String(id))) ledger.altered++
  }
  if (records.length === 0) ledger.unread++
  return records.length
}

const idsOf = (request: ServerRequest): unknown[] => judgedIn(request).map(({ id }) => id)

function judgedIn({ body, path }: ServerRequest): Array<{ id: unknown; proof?: unknown }> {
  if (body.length === 0) return new URL(path, 'http://x').searchParams.getAll('id').map(id => ({ id }))
  const found = recordsIn(body.toString()) as Array<{ id?: unknown; proof?: unknown } | null>
  return found.filter(record => record !== null && record?.id !== undefined) as Array<{ id: unknown }>
}

function recordsIn(text: string): unknown[] {
  try {
    return [JSON.parse(text)].flat()
  } catch {
    return text.split('\n').filter(Boolean).map(parsed)
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function textOf(status: number): string {
  const known = answers.get(status)
  if (known !== undefined) return known
  answers.set(status, answerText(status))
  return textOf(status)
}

async function up(): Promise<{ port: number }> {
  if (!server.listening) {
    server.listen(port, '127.0.0.1', 1024)
    await once(server, 'listening')
  }
  return { port }
}

async function down(): Promise<{ port: number }> {
  for (const socket of sockets) socket.resetAndDestroy()
  if (server.listening) {
    server.close()
    await once(server, 'close')
  }
  return { port }
}

async function run(command: OracleCommand): Promise<unknown> {
  if (command.command === 'stats') return { ...ledger.stats(), rss: process.memoryUsage.rss() }
  if (command.command === 'missing') return ledger.missing(command.n, command.prefix, command.samples)
  if (command.command === 'count') return ledger.count(command.id)
  if (command.command === 'plan') return Object.assign(plan, command.plan)
  return command.command === 'up' ? up() : down()
}

console.log(JSON.stringify(await up()))
for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await run(JSON.parse(line))))
process.exit(0)
