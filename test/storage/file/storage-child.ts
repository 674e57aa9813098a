import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { failedDelivery } from '../../support/deliveries.ts'
import { say } from '../../support/say.ts'

// A process that uses a folder, for tests that kill it: `storage-child.ts COMMAND PATH [ARGUMENT]`.

const [command, path, argument = ''] = process.argv.slice(2) as [string, string, string?]
const storage = new FileStorage({ path, segmentBytes: 65_536 })

async function run(): Promise<void> {
  if (command === 'hold') await hold()
  else if (command === 'append') await append()
  else if (command === 'drain') await drain()
  else if (command === 'contend') await contend()
  else if (command === 'open') await open()
  else throw new Error(`no command ${command}`)
}

/** Opens it and does nothing more, until it is killed. */
async function hold(): Promise<void> {
  await storage.open()
  say('open')
  setInterval(() => {}, 1_000)
}

/** Appends for ever, by 16 writers. A number is printed when its delivery is durable. */
async function append(): Promise<void> {
  let next = 0
  const writer = async (): Promise<void> => {
    for (;;) {
      const number = next++
      await storage.append([failedDelivery([`${argument} ${number}`.padEnd(number % 700)])])
      say(`${argument} ${number}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, writer))
}

/** Reads with claim and removes, entry by entry, saying which before and after. */
async function drain(): Promise<void> {
  for await (const entry of storage.read({ claim: true })) {
    const text = (entry.envelope.records[0] as string).trimEnd()
    say(`given ${text}`)
    await storage.remove([entry])
    say(`removed ${text}`)
  }
  await storage.close()
  say('drained')
}

/** Tries to open it when it is told to; holds it until it is told again. */
async function contend(): Promise<void> {
  say('ready')
  await once(process.stdin, 'data')
  try {
    await storage.open()
    say('won')
    await once(process.stdin, 'data')
    await storage.close()
  } catch (error) {
    say(`lost ${(error as { code?: string }).code} ${(error as Error).message}`)
  }
  process.stdin.destroy()
}

/** Opens it, says how long that took, and how much memory; then reads everything and says the same. */
async function open(): Promise<void> {
  const start = performance.now()
  await storage.open()
  tell('opened', start)
  let entries = 0
  for await (const _entry of storage.read()) entries++
  tell(`read ${entries}`, start)
  await storage.close()
}

function tell(what: string, start: number): void {
  const milliseconds = Math.round(performance.now() - start)
  say(JSON.stringify({ what, milliseconds, megabytes: Math.round(mostMemory() / 1024) }))
}

// In KiB. What `getrusage` gives on Linux begins with what the process had that started this one (measured: 3 GB).
function mostMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1])
}

await run()
