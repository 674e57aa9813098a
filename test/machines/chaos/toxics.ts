import type { Proxy, Toxics } from '../../support/proxy.ts'

const kinds = [
  'none',
  'none',
  'latency',
  'cut',
  'cut request',
  'reset',
  'refuse',
  'black hole',
  'slow body',
  'drip',
  'limit'
] as const

export type ToxicKind = (typeof kinds)[number]

const off: Toxics = {
  latency: 0,
  cutDown: undefined,
  cutUp: undefined,
  cutBy: 'reset',
  refuse: false,
  blackhole: false,
  rate: undefined,
  slowClose: 0
}

/** Makes the way worse, or good again; which kind it was. */
export function poison(proxy: Proxy, random: () => number): ToxicKind {
  const kind = kinds[Math.floor(random() * kinds.length)]!
  Object.assign(proxy.toxics, off, toxicsOf(kind, random))
  // An old connection would be spared what only new ones meet.
  if (kind === 'reset' || kind === 'refuse') proxy.reset()
  return kind
}

/** Nothing stands in the way any more. */
export function cure(proxy: Proxy): void {
  Object.assign(proxy.toxics, off)
}

function toxicsOf(kind: ToxicKind, random: () => number): Toxics {
  const cutBy = random() < 0.5 ? 'reset' : 'close'
  if (kind === 'latency') return { latency: 1 + random() * 60 }
  if (kind === 'cut') return { cutDown: Math.floor(random() * 400), cutBy }
  if (kind === 'cut request') return { cutUp: Math.floor(random() * 60_000), cutBy }
  if (kind === 'refuse') return { refuse: true }
  if (kind === 'black hole') return { blackhole: true }
  if (kind === 'slow body') return { rate: 40_000 + random() * 100_000 }
  if (kind === 'drip') return { rate: 100 + random() * 400, slowClose: 50 }
  return kind === 'limit' ? { rate: 500_000 + random() * 2_000_000 } : {}
}
