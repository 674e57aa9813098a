/**
 * The figures, side by side: `npm run bench [-- CASE… --rounds 5 --scale 1 --profile]`; of `storages` one by `--storage hdfs`.
 *
 * Client and endpoint have a core each and are processes of their own; what is compared runs in turn. Not a test: what is
 * asked for stands beside what was measured.
 */
import { parseArgs } from 'node:util'
import { cpus } from 'node:os'
import * as failover from './cases/failover.ts'
import * as growth from './cases/growth.ts'
import * as journal from './cases/journal.ts'
import * as latency from './cases/latency.ts'
import * as losses from './cases/losses.ts'
import * as memory from './cases/memory.ts'
import * as ndjson from './cases/ndjson.ts'
import * as single from './cases/single.ts'
import * as storages from './cases/storages.ts'
import { canPin, compileClients, compiledEndpoint } from './rig.ts'

const cases = { single, ndjson, failover, journal, memory, latency, growth, losses, storages }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    profile: { type: 'boolean', default: false },
    storage: { type: 'string' }
  }
})
const unknown = positionals.filter(name => !Object.hasOwn(cases, name))
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(', ')}; there are ${Object.keys(cases).join(', ')}.`)
  process.exit(2)
}

compiledEndpoint()
compileClients()
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}${canPin() ? '' : ', without taskset: not pinned'}`
)
const { profile, storage } = values
const options = { rounds: Number(values.rounds), scale: Number(values.scale), profile, storage }
for (const [name, { title, run }] of Object.entries(cases)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`\n${name}: ${title}`)
  await run(options)
}
