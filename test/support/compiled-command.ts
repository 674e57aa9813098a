import { compiled } from './compiled.ts'

const main = new URL('../../lib/cli/main.ts', import.meta.url)

/** The command line as JavaScript: `node <this> run …`. */
export const compiledCommand = (): string => compiled(main)
