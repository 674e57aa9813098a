import { hbase } from '../support/servers/hbase-server.ts'
import { hdfs } from '../support/servers/hdfs-server.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { mariadb } from '../support/servers/mariadb-server.ts'
import { postgresql } from '../support/servers/postgres-server.ts'
import type { Service } from '../support/servers/service.ts'

/** The server that an example needs, by the name of its file. */
export const neededServers: Readonly<Record<string, Service>> = {
  'storage-mysql.ts': mariadb,
  'storage-postgres.ts': postgresql,
  'storage-kafka.ts': kafka,
  'storage-hbase.ts': hbase,
  'storage-hdfs.ts': hdfs
}
