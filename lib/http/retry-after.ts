const imfFixdate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/

/**
 * Milliseconds that a `Retry-After` asks for: whole seconds or a date in IMF-fixdate (RFC 9110, 10.2.3 and 5.6.7). Anything
 * else is ignored, a header that was given twice too: `Date.parse` would take `-5` and `1.5` for dates.
 */
export function retryAfter(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\d{1,10}$/.test(header)) return Number(header) * 1000
  if (!imfFixdate.test(header)) return undefined
  const date = Date.parse(header)
  // It takes the year 0026 for 2026, and 30 February for 1 March.
  return sinceDay(new Date(date).toUTCString()) === sinceDay(header) ? Math.max(0, date - now) : undefined
}

const sinceDay = (text: string): string => text.slice('Mon, '.length)
