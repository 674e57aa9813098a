import { hbase } from '../support/servers/hbase-server.ts'
import { hdfs } from '../support/servers/hdfs-server.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { mariadb } from '../support/servers/mariadb-server.ts'
import { postgresql } from '../support/servers/postgres-server.ts'
import { journeyOf } from './journey.ts'

const hostAndPort = (address: string): [host: string, port: number] => {
  const [host, port] = address.split(':')
  return [host!, Number(port)]
}

journeyOf({
  service: mariadb,
  storage: 'mysql',
  failover: (address, name) => [
    `table: ${name}`,
    'storage: mysql #kafka,hbase,hdfs',
    'mysql:',
    `  jdbcUrl: jdbc:mysql://${address}/test`,
    '  username: root'
  ],
  options: (address, table) => ({ storage: 'mysql', jdbcUrl: `jdbc:mysql://${address}/test`, username: 'root', table })
})

journeyOf({
  service: postgresql,
  storage: 'postgres',
  failover: (address, name) => [
    `table: ${name}`,
    'storage: postgres',
    'jdbc:',
    `  jdbcUrl: jdbc:postgresql://${address}/test`,
    '  username: postgres',
    '  driverClassName: org.postgresql.Driver'
  ],
  options: (address, table) => ({
    storage: 'postgres',
    jdbcUrl: `jdbc:postgresql://${address}/test`,
    username: 'postgres',
    table
  })
})

journeyOf({
  service: kafka,
  storage: 'kafka',
  failover: (address, name) => [
    'table: record',
    'storage: kafka',
    'kafka:',
    `  topic: ${name}`,
    `  bootstrap.servers: ${address},${address}`
  ],
  options: (address, topic) => ({ storage: 'kafka', topic, 'bootstrap.servers': address })
})

journeyOf({
  service: hbase,
  storage: 'hbase',
  failover(address, name) {
    const [host, port] = hostAndPort(address)
    return [
      `table: ${name}`,
      'storage: hbase',
      'hbase:',
      `  zookeeper.quorum: ${host}`,
      `  zookeeper.property.clientPort: ${port}`
    ]
  },
  options: (address, table) => ({ storage: 'hbase', 'zookeeper.quorum': address, table })
})

journeyOf({
  service: hdfs,
  storage: 'hdfs',
  failover: (address, name) => [
    `table: ${name}`,
    'storage: hdfs',
    'hdfs:',
    `  namenode: http://${address}`,
    '  user: hdfs',
    '  path: /http/failover',
    '  format: yyyy-MM-dd'
  ],
  options: (address, table) => ({
    storage: 'hdfs',
    namenode: `http://${address}`,
    user: 'hdfs',
    path: '/http/failover',
    table
  })
})
