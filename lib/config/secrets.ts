/** What came into a configuration from outside: kept only to be cut out of everything that is shown. */
export class Secrets {
  readonly #labels = new Map<string, string>()

  /** `label` is shown in place of `value`. Values of less than 4 characters say nothing and would garble every text. */
  add(value: string, label: string): void {
    if (value.length < 4) return
    this.#labels.set(value, label)
    this.#labels.set(JSON.stringify(value).slice(1, -1), label)
    this.#labels.set(encodeURIComponent(value.toWellFormed()), label)
  }

  /** `text` without any of the values. */
  redact(text: string): string {
    // The longest first: one value may be a part of another.
    const values = [...this.#labels.keys()].sort((a, b) => b.length - a.length)
    return values.reduce((shown, value) => shown.replaceAll(value, () => this.#labels.get(value)!), text)
  }
}
