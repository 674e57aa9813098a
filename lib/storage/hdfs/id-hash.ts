/**
 * A hash of 32 bits: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, by two code units at a time, of which the lower half is
 * mixed with the upper one at the end: tables look at the lower one.
 */
export function idHash(id: string): number {
  let hash = 0x811c9dc5 | 0
  let i = 0
  for (; i + 1 < id.length; i += 2) {
    hash = Math.imul(hash ^ id.charCodeAt(i) ^ (id.charCodeAt(i + 1) << 16), 0x01000193)
  }
  if (i < id.length) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
