import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { measured } from './measure.ts'
import { type OursSettings, source, storageFolder } from './ours.ts'
import type { Run } from './rig.ts'

type Settings = OursSettings & { warmup: number; records: number }

/** Everything is refused by the endpoint and goes to the file. */
export function failOver({ origin, warmup, records }: Settings): Promise<Run> {
  return measured(warmup, records, async count => {
    const http = new HttpWritable({ url: `${origin}/sink` })
    await pipeline(source(count), http, new FailoverWritable({ storage: 'file', path: storageFolder() }))
    if (http.stats().stored !== count) throw new Error(`Not all were stored: ${JSON.stringify(http.stats())}`)
  })
}

/** Everything is refused by the endpoint and handed to a reader who forgets it: what the storage would cost if it were free. */
export function handBack({ origin, warmup, records }: Settings): Promise<Run> {
  return measured(warmup, records, async count => {
    const http = new HttpWritable({ url: `${origin}/sink` })
    const forget = new Writable({ objectMode: true, write: (_delivery, _encoding, callback) => callback() })
    await pipeline(source(count), http, forget)
    if (http.stats().handedBack !== count) throw new Error(`Not all came back: ${JSON.stringify(http.stats())}`)
  })
}
