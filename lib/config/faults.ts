import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { describeFaults, type OptionsSchema } from '../options.ts'
import { withoutForks } from '../options/forks.ts'
import { pointerTo } from './pointer.ts'

/** What is wrong with one option of a section. */
export interface SectionFault {
  /** JSON pointer within the section; for an unknown key, the pointer of that key. */
  readonly pointer: string
  readonly sentence: string
}

// The keywords of the library's schemas that are no rules are of no interest here.
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })
ajv.addKeyword({
  keyword: 'typeof',
  schemaType: 'string',
  error: { message: ({ schema }) => `must be a ${String(schema)}` },
  validate: (type: string, value: unknown) => typeof value === type
})

const compiled = new WeakMap<object, ValidateFunction>()

/**
 * What is wrong with a section of a configuration, by the schema that its stream itself uses, one fault for each option.
 * A value that `isHidden` names by its JSON pointer is not quoted.
 */
export function sectionFaults(
  name: string,
  schema: OptionsSchema,
  section: unknown,
  isHidden: (pointer: string) => boolean
): SectionFault[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema)
  compiled.set(schema, validate)
  if (validate(section)) return []
  return [...grouped(withoutForks(validate.errors ?? []))].map(([pointer, errors]) => ({
    pointer,
    sentence: describeFaults(name, isHidden(pointer) ? errors.map(withoutValue) : errors)
  }))
}

function grouped(errors: readonly ErrorObject[]): Map<string, ErrorObject[]> {
  const groups = new Map<string, ErrorObject[]>()
  for (const error of errors) {
    const group = groups.get(pointerOf(error))
    if (group === undefined) groups.set(pointerOf(error), [error])
    else group.push(error)
  }
  return groups
}

function pointerOf({ keyword, instancePath, params }: ErrorObject): string {
  return keyword === 'additionalProperties' ? pointerTo(instancePath, String(params.additionalProperty)) : instancePath
}

function withoutValue(error: ErrorObject): ErrorObject {
  return { ...error, parentSchema: { ...(error.parentSchema as object), secret: true } }
}
