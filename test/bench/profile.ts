import { readdirSync, readFileSync, statSync } from 'node:fs'
import { cache } from './cache.ts'

export const profileFolder = `${cache}profile/`

interface Profile {
  nodes: Array<{ id: number; callFrame: { functionName: string; url: string; lineNumber: number } }>
  samples: number[]
  timeDeltas: number[]
}

/** The functions with the most self time of the profile in `profileFolder` (the largest: the loader's thread has its own). */
export function hottest(count: number): string[] {
  const files = readdirSync(profileFolder).map(file => profileFolder + file)
  const largest = files.sort((a, b) => statSync(b).size - statSync(a).size)[0]!
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(largest, 'utf8')) as Profile
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const self = new Map<string, number>()
  let total = 0
  samples.forEach((id, i) => {
    const name = names.get(id)!
    self.set(name, (self.get(name) ?? 0) + timeDeltas[i]!)
    total += timeDeltas[i]!
  })
  const sorted = [...self].sort((a, b) => b[1] - a[1]).slice(0, count)
  return sorted.map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(5)} ${name}`)
}

function nameOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string {
  return `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}`
}
