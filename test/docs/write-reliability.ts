import { writeFileSync } from 'node:fs'
import { results } from '../machines/support/results.ts'
import { faultResults } from '../support/fault-results.ts'
import { reliabilityPage, reliabilityText } from './reliability.ts'

// node --import tsx test/docs/write-reliability.ts
writeFileSync(reliabilityPage, reliabilityText({ results: results(), faults: faultResults() }))
