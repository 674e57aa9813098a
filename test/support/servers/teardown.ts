import { stopServers } from './service.ts'

/** mocha calls this once, after all tests. */
export const mochaGlobalTeardown = stopServers
