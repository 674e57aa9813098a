/** Runs one contender in this process: `client.ts NAME SETTINGS`. Prints what it measured as one JSON line. */
import { contenders } from './contenders.ts'

const [name = '', settings = '{}'] = process.argv.slice(2)
const contender = contenders[name]
if (contender === undefined) throw new Error(`There is no contender ${name}.`)
const run = await contender(JSON.parse(settings) as never)
console.log(JSON.stringify({ ...run, rss: process.memoryUsage.rss() }))
process.exit(0)
