import { defaultFailover } from './file-schemas.ts'
import { renamed } from './option-names.ts'
import { withoutOwn } from './other-storage.ts'

/** The sections of a configuration file. */
export const sectionNames = ['source', 'journal', 'http', 'retry', 'failover'] as const

export type SectionName = (typeof sectionNames)[number]

/** The options that a file gives, by section, before defaults and before they are checked. */
export interface Sections {
  readonly values: Readonly<Record<SectionName, Record<string, unknown>>>
  /** What is to be said to the user and is no fault, a sentence each. */
  readonly notices: readonly string[]
  /** Where an option stands, by its JSON pointer, section first: `file:line:column`, or its flag. */
  readonly place: (pointer: string) => string
  /** A sentence with the options in it named as the user writes them. */
  readonly inTheirWords: (sentence: string) => string
  /** Whether its value came from a variable or a file, and is not to be shown. */
  readonly isHidden: (pointer: string) => boolean
}

/** An option given on the command line, which counts more than the file. */
export interface Override {
  readonly section: SectionName
  readonly option: string
  readonly value: unknown
  /** As it is written: `--num-writers`. */
  readonly flag: string
}

/**
 * The sections with what was given on the command line. Where that names another storage than the file, what only the file's
 * takes goes with it.
 */
export function overridden(sections: Sections, overrides: readonly Override[]): Sections {
  const values = structure(sections)
  const storage = overrides.find(({ section, option }) => section === 'failover' && option === 'storage')?.value
  if (storage !== undefined) {
    const { failover } = values
    values.failover = withoutOwn(failover, failover.storage ?? defaultFailover.storage, storage)
  }
  const flags = new Map<string, string>()
  for (const { section, option, value, flag } of overrides) {
    values[section][option] = value
    flags.set(`/${section}/${option}`, flag)
  }
  return {
    values,
    notices: sections.notices,
    place: pointer => flags.get(pointer) ?? sections.place(pointer),
    inTheirWords: sentence => sections.inTheirWords(renamed(sentence, pointer => flags.get(pointer))),
    isHidden: pointer => !flags.has(pointer) && sections.isHidden(pointer)
  }
}

/** A sentence about the option that a JSON pointer names, with its place in front, and in the user's words. */
export function told({ place, inTheirWords }: Sections, pointer: string, sentence: string): string {
  const where = place(pointer)
  const words = inTheirWords(sentence)
  const begins = words.startsWith(where) && /[ :]/.test(words.charAt(where.length))
  return begins ? words : `${where} ${words}`
}

function structure({ values }: Sections): Record<SectionName, Record<string, unknown>> {
  const { source, journal, http, retry, failover } = values
  return {
    source: { ...source },
    journal: { ...journal },
    http: { ...http },
    retry: { ...retry },
    failover: { ...failover }
  }
}
