import { type BenchOptions, contest, printRatio, printResults } from '../contest.ts'
import { startEndpoint } from '../rig.ts'

export const title = 'batches of 500 records as ndjson'

export async function run(options: BenchOptions): Promise<void> {
  const endpoint = await startEndpoint()
  const common = {
    origin: endpoint.origin,
    warmup: 300_000 * options.scale,
    records: 1_500_000 * options.scale,
    underWay: 64
  }
  const bare = { ...common, batch: 500, visible: true }
  const results = await contest(
    {
      ours: { contender: 'ours', settings: { ...common, http: { format: 'ndjson', batchSize: 500 } } },
      'bare, 64 Clients': { contender: 'bare', settings: { ...bare, through: 'clients' } },
      'bare, Agent': { contender: 'bare', settings: { ...bare, through: 'agent' } }
    },
    options
  )
  await endpoint.stop()
  printResults(results)
  printRatio(results, 'ours', 'bare, 64 Clients', 0.9)
  printRatio(results, 'ours', 'bare, Agent', 0.9)
}
