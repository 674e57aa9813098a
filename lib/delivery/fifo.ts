/** A first-in, first-out queue whose `shift` costs the same whatever its length. */
export class Fifo<T> {
  #items: Array<T | undefined> = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    // Array.prototype.shift moves all that remains; so the front is cut off only when it is most of the array.
    if (this.#head === this.#items.length) this.#clear()
    else if (this.#head > 1024 && this.#head * 2 > this.#items.length) this.#compact()
    return item
  }

  #clear(): void {
    this.#items.length = 0
    this.#head = 0
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
