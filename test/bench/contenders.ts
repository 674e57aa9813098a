import { BareLoop, type BareSettings } from './bare-loop.ts'
import { readOurs, storeBare, storeOurs } from './group-commit.ts'
import { lose } from './losses.ts'
import { measured } from './measure.ts'
import { growing, recovering, stalled } from './memory.ts'
import { type OursSettings, sendOurs } from './ours.ts'
import { failOver, handBack } from './refused.ts'
import type { Run } from './rig.ts'

/** How much a contender does. */
export interface Amount {
  warmup: number
  records: number
}

/** What can be run in a process of its own, by name. */
export const contenders: Record<string, (settings: never) => Promise<Run>> = {
  bare(settings: BareSettings & Amount) {
    const loop = new BareLoop(settings)
    return measured(settings.warmup, settings.records, records => loop.send(records))
  },
  ours(settings: OursSettings & Amount) {
    return measured(settings.warmup, settings.records, records => sendOurs(settings, records))
  },
  storeOurs,
  storeBare,
  readOurs,
  failOver,
  handBack,
  stalled,
  recovering,
  growing,
  lose
}
