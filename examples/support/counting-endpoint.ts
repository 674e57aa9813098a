/**
 * The endpoint of the main job, in a process of its own. It keeps the ids of the records that it has taken, so nobody has to
 * believe the sender. Its parent says how it is to fail, and asks at the end what it got.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Command, Report } from './counting-endpoint-process.ts'
import { listen } from './listen.ts'

const failing = Number(process.argv[2])
const taken = new Map<number, number>()
let refused = 0

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => (body += text))
  request.on('end', () => serve(request, response, body))
})
// It never hangs up on a connection that is only idle.
server.keepAliveTimeout = 0

function serve(_request: IncomingMessage, response: ServerResponse, body: string): void {
  const fails = Math.random() < failing
  if (fails) refused++
  else take((JSON.parse(body) as { id: number }).id)
  response.writeHead(fails ? 503 : 200, { 'content-length': 0 }).end()
}

function take(id: number): void {
  taken.set(id, (taken.get(id) ?? 0) + 1)
}

/** Nobody can connect for a while, and who was connected is cut off. */
function hangUp(milliseconds: number): void {
  server.close(() => setTimeout(() => void listen(server, port), milliseconds))
  server.closeAllConnections()
}

function report(records: number): Report {
  let missing = 0
  for (let id = 0; id < records; id++) if (!taken.has(id)) missing++
  let again = 0
  for (const times of taken.values()) again += times - 1
  return { missing, again, unknown: taken.size - (records - missing), refused }
}

process.on('message', (command: Command) => {
  if ('hangUp' in command) hangUp(command.hangUp)
  else process.send!(report(command.report))
})
process.on('disconnect', () => process.exit())

const port = await listen(server)
process.send!(port)
