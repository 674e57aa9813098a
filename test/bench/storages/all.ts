import { hbaseBench } from './hbase.ts'
import { hdfs } from './hdfs.ts'
import { kafkaBench } from './kafka.ts'
import { mysqlBench } from './mysql.ts'
import { postgresBench } from './postgres.ts'
import type { StorageBench } from './storage-bench.ts'

/** Every storage that is reached over a network. */
export const storageBenches: readonly StorageBench[] = [mysqlBench, postgresBench, kafkaBench, hbaseBench, hdfs]
