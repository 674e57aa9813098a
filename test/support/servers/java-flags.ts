/** The compiler and the garbage collector that are quick from the start, and leave the cores to the tests. */
export const javaFlags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
