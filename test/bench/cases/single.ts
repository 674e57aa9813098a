import { type BenchOptions, contest, printRatio, printResults } from '../contest.ts'
import { startEndpoint } from '../rig.ts'

export const title = 'one record of about 200 bytes a request, 64 under way'

export async function run(options: BenchOptions): Promise<void> {
  const endpoint = await startEndpoint()
  const common = {
    origin: endpoint.origin,
    warmup: 60_000 * options.scale,
    records: 200_000 * options.scale,
    underWay: 64
  }
  const bare = (through: string, visible: boolean) => ({ contender: 'bare', settings: { ...common, through, visible } })
  const results = await contest(
    {
      ours: { contender: 'ours', settings: common },
      'bare, key and deadline, 64 Clients': bare('clients', true),
      'bare, key and deadline, Agent': bare('agent', true),
      'bare, only sends, 64 Clients': bare('clients', false),
      'bare, only sends, Agent': bare('agent', false)
    },
    options
  )
  await endpoint.stop()
  printResults(results)
  printRatio(results, 'ours', 'bare, key and deadline, 64 Clients', 0.95)
  printRatio(results, 'ours', 'bare, key and deadline, Agent', 0.95)
  printRatio(results, 'ours', 'bare, only sends, 64 Clients', 0.85)
  printRatio(results, 'ours', 'bare, only sends, Agent', 0.85)
}
