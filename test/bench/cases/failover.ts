import { type BenchOptions, contest, median, printFigure, printRatio, printResults, rate, whole } from '../contest.ts'
import { startEndpoint } from '../rig.ts'

export const title = 'everything failing over to the file, every record synced before its callback'

export async function run(options: BenchOptions): Promise<void> {
  const endpoint = await startEndpoint({ status: 400 })
  const sent = { origin: endpoint.origin, warmup: 50_000 * options.scale, records: 200_000 * options.scale }
  const stored = { warmup: 100_000 * options.scale, records: 300_000 * options.scale }
  const results = await contest(
    {
      'answered 400, to the file': { contender: 'failOver', settings: sent },
      'answered 400, handed back and forgotten': { contender: 'handBack', settings: sent },
      'FailoverWritable alone': { contender: 'storeOurs', settings: stored },
      'bare group commit of ready lines': { contender: 'storeBare', settings: stored },
      'bare group commit': { contender: 'storeBare', settings: { ...stored, make: true } },
      'storage.read()': { contender: 'readOurs', settings: stored }
    },
    options
  )
  await endpoint.stop()
  printResults(results)
  printRatio(results, 'answered 400, to the file', 'answered 400, handed back and forgotten')
  printRatio(results, 'FailoverWritable alone', 'bare group commit', 0.7)
  printRatio(results, 'FailoverWritable alone', 'bare group commit of ready lines')
  for (const [name, asked] of [
    ['FailoverWritable alone', 150_000],
    ['storage.read()', 200_000]
  ] as const) {
    const middle = median(results[name]!.map(rate))
    printFigure(`${name}: ${whole(middle)} a second, asked ≥ ${whole(asked)}`, middle >= asked)
  }
}
