import { type BenchOptions, contest, type Entrant, printRatio, printResults } from '../contest.ts'
import { startEndpoint } from '../rig.ts'

export const title = 'answers after 5 ms; and 5 % of them 503, retried after 10 ms until delivered'

export async function run(options: BenchOptions): Promise<void> {
  for (const underWay of [64, 256]) {
    console.log(` answers after 5 ms, ${underWay} under way`)
    await compare(options, underWay, { latency: 5 }, {})
  }
  console.log(' 5 % of the answers 503, retried after 10 ms, 64 under way')
  await compare(options, 64, { failEvery: 20, failStatus: 503 }, { retryAfter: 10 })
}

async function compare(options: BenchOptions, underWay: number, answers: object, bareSettings: object): Promise<void> {
  const endpoint = await startEndpoint(answers)
  const amount =
    'latency' in answers ? { warmup: underWay * 300, records: underWay * 1_000 } : { warmup: 60_000, records: 200_000 }
  const common = {
    origin: endpoint.origin,
    underWay,
    warmup: amount.warmup * options.scale,
    records: amount.records * options.scale
  }
  const retry = { retries: 1_000, minDelay: 10, maxDelay: 10 }
  const bare = (through: string): Entrant => {
    return { contender: 'bare', settings: { ...common, ...bareSettings, through, visible: true } }
  }
  const results = await contest(
    {
      ours: { contender: 'ours', settings: { ...common, retry, http: { numWriters: underWay } } },
      'bare, Clients': bare('clients'),
      'bare, Agent': bare('agent')
    },
    options
  )
  await endpoint.stop()
  printResults(results)
  printRatio(results, 'ours', 'bare, Clients', 0.95)
  printRatio(results, 'ours', 'bare, Agent', 0.95)
}
