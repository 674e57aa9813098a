import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A folder that nothing is kept in for long. The clients run compiled, elsewhere, so they are told. */
export const cache = process.env.BENCH_CACHE ?? fileURLToPath(new URL('../../.cache/bench/', import.meta.url))
mkdirSync(cache, { recursive: true })
