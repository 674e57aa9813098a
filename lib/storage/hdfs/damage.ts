import { damageIn, publish } from '../../diagnostics.ts'
import type { DataFile } from './survey.ts'

/** Parts of data files that are not as they were written. Each is told of once. */
export class Damage {
  readonly #told = new Set<string>()

  get count(): number {
    return this.#told.size
  }

  /** What is to be called for each part of a file. */
  in({ folder, name }: DataFile, reason = 'a damaged part was passed over') {
    return ({ offset, bytes }: { readonly offset: number; readonly bytes: number }): void => {
      const part = `${name.base}:${offset}`
      if (this.#told.has(part)) return
      this.#told.add(part)
      const path = `${folder}/${name.base}`
      const told = `${reason} (${bytes} bytes at ${offset})`
      const message = { storage: 'hdfs', what: 'damaged', path, bytes, reason: told } as const
      publish('spillway:storage-damaged', message, `A ${damageIn(message)}`)
    }
  }
}
