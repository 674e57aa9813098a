import { batchesWithin, sealed } from '../../support/kafka-batches.ts'
import { mutatedBytes, mutatedNumber } from './mutation.ts'
import type { KafkaTamper } from './recorded-kafka.ts'

type Random = () => number

/** Changes some answers somehow, and tells each time. */
export function changing(random: Random, changed: () => void): KafkaTamper {
  // Half of the cases get far, the other half meet many changed answers.
  const share = random() < 0.5 ? 0.03 : 0.1
  return {
    body: bytes => {
      if (random() >= share) return bytes
      changed()
      return mutated(random, bytes)
    },
    frame: bytes => {
      if (random() >= share / 4) return { bytes, isEnd: false }
      changed()
      const kind = random()
      if (kind < 0.25) return undefined
      if (kind < 0.5) return { bytes: bytes.subarray(0, random() * bytes.length), isEnd: true }
      return { bytes: mutated(random, bytes), isEnd: false }
    }
  }
}

/** Half of what has the same length as before gets checksums that fit: what is behind them is to be met too. */
function mutated(random: Random, bytes: Buffer): Buffer {
  const changed = (random() < 0.5 ? mutatedBytes : mutatedNumber)(random, bytes)
  return changed.length === bytes.length && random() < 0.5 ? sealed(changed, batchesWithin(bytes)) : changed
}
