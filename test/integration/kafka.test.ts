import { storageContract } from '../../lib/testing.ts'
import { kafka, kafka3 } from '../support/servers/kafka-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { StoredTopics } from '../support/stored-topics.ts'

for (const [service, partitions] of [
  [kafka, 1],
  [kafka, 3],
  [kafka3, 2]
] as const) {
  onServer(service, addressOf, address => {
    const topics = new StoredTopics(address)
    after(function () {
      this.timeout(60_000)
      return topics.clean()
    })

    storageContract(`kafka with ${partitions} partitions`, () => topics.storage({ partitions }), {
      reopen: storage => topics.again(storage)
    })
  })
}
