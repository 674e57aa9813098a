import type { Cell } from './table.ts'

/** A cell that is on its own. */
export class BufferCell implements Cell {
  readonly value: Buffer
  readonly time: number

  constructor(value: Buffer, time: number) {
    this.value = value
    this.time = time
  }

  get text(): string {
    return this.value.toString()
  }
}
