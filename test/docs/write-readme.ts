import { readFileSync, writeFileSync } from 'node:fs'
import { readme, withGeneratedSections } from './readme.ts'

// node --import tsx test/docs/write-readme.ts
writeFileSync(readme, withGeneratedSections(readFileSync(readme, 'utf8')))
