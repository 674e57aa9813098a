import type { Database } from './dialect.ts'

interface Unchecked extends Database {
  /** Asks the server what it takes. */
  look(signal: AbortSignal): Promise<void>
}

/** A database whose server has answered; of one that does not the connections are ended. */
export async function checkedDatabase(database: Unchecked, signal: AbortSignal): Promise<Database> {
  try {
    await database.look(signal)
    return database
  } catch (error) {
    await database.end(signal).catch(() => undefined)
    throw error
  }
}
