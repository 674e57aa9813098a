/** What a stream lets wait, as options of the schemas of all that have a queue. */
export const queueSchema = {
  queueCapacity: { type: 'integer', minimum: 1, maximum: 1_000_000_000, default: 10_000 },
  queueBytes: {
    type: 'integer',
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 64 * 1024 * 1024,
    unit: 'bytes'
  }
} as const
