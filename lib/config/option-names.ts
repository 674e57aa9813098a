// Not within a path, a URL or a quoted value.
const option = /(?<![\w./"-])(?:source|journal|http|retry|failover)\/\w+(?:\.\w+)*/g

/** A sentence with other names for options: `nameOf` gives that of a JSON pointer, section first, where there is one. */
export function renamed(sentence: string, nameOf: (pointer: string) => string | undefined): string {
  return sentence.replace(option, name => nameOf(`/${name}`) ?? name)
}
