import { type BenchOptions, contest, printRatio, printResults, rate, median, printFigure, whole } from '../contest.ts'
import { startEndpoint } from '../rig.ts'

export const title = 'a journal in front, by policy, beside the same streams without one'

export async function run(options: BenchOptions): Promise<void> {
  const endpoint = await startEndpoint()
  const single = { origin: endpoint.origin, warmup: 30_000 * options.scale, records: 150_000 * options.scale }
  const batches = {
    origin: endpoint.origin,
    warmup: 200_000 * options.scale,
    records: 1_000_000 * options.scale,
    http: { format: 'ndjson', batchSize: 500 }
  }
  const ours = (settings: object, journal?: object) => ({
    contender: 'ours',
    settings: { ...settings, ...(journal === undefined ? {} : { journal }) }
  })
  const results = await contest(
    {
      'one a request, no journal': ours(single),
      'one a request, group': ours(single, {}),
      'one a request, interval': ours(single, { sync: 'interval' }),
      'batches of 500, no journal': ours(batches),
      'batches of 500, group': ours(batches, {}),
      'batches of 500, interval': ours(batches, { sync: 'interval' })
    },
    options
  )
  await endpoint.stop()
  printResults(results)
  printRatio(results, 'one a request, group', 'one a request, no journal', 0.6)
  printRatio(results, 'one a request, interval', 'one a request, no journal')
  printRatio(results, 'batches of 500, group', 'batches of 500, no journal')
  const inBatches = median(results['batches of 500, group']!.map(rate))
  printFigure(`${whole(inBatches)} records/s in batches of 500, asked 100,000`, inBatches >= 100_000)
}
