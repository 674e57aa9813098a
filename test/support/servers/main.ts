/**
 * Starts a server of each kind, those that run already excepted, prints their addresses, and stops what it started with
 * Ctrl-C: `npm run servers [-- kafka hdfs]`.
 */
import { once } from 'node:events'
import { services } from './all.ts'
import { addressOf, stopServers } from './service.ts'

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => services.every(service => service.name.toLowerCase() !== name.toLowerCase()))
if (unknown.length > 0) {
  console.error(`There is no server ${unknown.join(', ')}; there are ${services.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}

let failed = false
for (const service of services.filter(
  ({ name }) => wanted.length === 0 || wanted.some(each => each.toLowerCase() === name.toLowerCase())
)) {
  try {
    console.log(`${service.variable}=${await addressOf(service, 'work')}`)
  } catch (error) {
    failed = true
    console.error(`${service.name}: ${(error as Error).message}`)
  }
}
console.log(failed ? 'Not all of them run. Ctrl-C stops those that do.' : 'All of them run. Ctrl-C stops them.')
const forever = setInterval(() => {}, 2 ** 30)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
clearInterval(forever)
await stopServers()
