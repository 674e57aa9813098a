/** The longest time of a timer, in milliseconds: Node fires a longer one after 1 ms. https://nodejs.org/api/timers.html */
export const longestTimer = 2 ** 31 - 1
