/** A URL as a text; what is none stays what it is, to be refused by whoever takes it. */
export function urlText<T>(url: T): Exclude<T, URL> | string {
  return url instanceof URL ? url.href : (url as Exclude<T, URL>)
}

/** Options with a URL among them as a text, as it is now. What are no options stay what they are, too. */
export function withUrlText<T>(options: T, name: keyof T): T {
  return options?.[name] instanceof URL ? { ...options, [name]: options[name].href } : options
}
