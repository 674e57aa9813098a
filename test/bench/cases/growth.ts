import { type BenchOptions, printFigure, rate, whole } from '../contest.ts'
import { runClient, startEndpoint } from '../rig.ts'

export const title = 'growth: 100,000, 1,000,000 and 10,000,000 records after a warm-up'

export async function run({ scale }: BenchOptions): Promise<void> {
  const endpoint = await startEndpoint()
  const rates: number[] = []
  const peaks: number[] = []
  for (const records of [100_000, 1_000_000, 10_000_000]) {
    const settings = { origin: endpoint.origin, warmup: 200_000 * scale, records: records * scale }
    const run = await runClient('growing', settings)
    rates.push(rate(run))
    peaks.push(run.peak!)
    const memory = `peak ${whole(run.peak! / 1e6)} MB, heap afterwards ${(run.heap! / 1e6).toFixed(1)} MB`
    printFigure(`${whole(records * scale).padStart(10)} records: ${whole(rate(run))}/s, ${memory}`)
  }
  await endpoint.stop()
  printFigure(`slowest / fastest ${spread(rates).toFixed(3)}, asked ≥ 0.9`, spread(rates) >= 0.9)
  printFigure(`least / most memory ${spread(peaks).toFixed(3)}, asked ≥ 0.9`, spread(peaks) >= 0.9)
}

const spread = (values: readonly number[]): number => Math.min(...values) / Math.max(...values)
