import { hbase } from './hbase-server.ts'
import { hdfs } from './hdfs-server.ts'
import { kafka } from './kafka-server.ts'
import { mariadb } from './mariadb-server.ts'
import { postgresql } from './postgres-server.ts'
import type { Service } from './service.ts'

/** A server for each storage that needs one. */
export const services: readonly Service[] = [mariadb, postgresql, kafka, hbase, hdfs]
