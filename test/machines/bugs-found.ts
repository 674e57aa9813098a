/** A bug that was found in this library by its tests: what went wrong, and the test that keeps it from coming back. */
export interface FoundBug {
  readonly what: string
  /** The machine, or the test, that met it first. */
  readonly foundBy: string
  readonly file: string
  /** A part of a test's title. */
  readonly test: string
}

export const bugsFound: readonly FoundBug[] = [
  {
    what: 'A segment that was cut within a removed entry took the next append into the place of that entry, whose removal was still known: the new entry was acknowledged and never given.',
    foundBy: 'corruption, opened for writing',
    file: 'test/storage/file/folder-contents.test.ts',
    test: 'takes no new entry for the removed one that stood in its place'
  },
  {
    what: 'An older version of an entry that somebody had claimed was not removed with the newer one: it came back, and was delivered once more.',
    foundBy: 'every call',
    file: 'test/storage/file/removal.test.ts',
    test: 'removes with a version the older ones, also those that somebody has claimed'
  },
  {
    what: 'A lock that could not be marked as held (too many open files, say) stayed: the folder was locked for as long as the process lived.',
    foundBy: 'every call',
    file: 'test/storage/file/lock.test.ts',
    test: 'leaves no lock behind when'
  },
  {
    what: 'A lock whose file could not be deleted kept its folder locked for its own process, and `close()` rejected with an error of the system instead of a `StorageError`.',
    foundBy: 'every call',
    file: 'test/storage/file/lock.test.ts',
    test: 'takes the lock again after it could not delete its file'
  },
  {
    what: 'A lock file that says `null` made the opening throw a `TypeError`; one without a number of a process counted as dead.',
    foundBy: 'fuzz, lock files',
    file: 'test/storage/file/lock.test.ts',
    test: 'does not take over from whoever wrote'
  },
  {
    what: 'An envelope with a record, a header or an outcome that is none was taken for a delivery: a replay then threw in the middle.',
    foundBy: 'fuzz, envelopes',
    file: 'test/storage/envelope.test.ts',
    test: 'refuses ${name}'
  },
  {
    what: 'A line of the removal log that no release has written kept the folder from being opened.',
    foundBy: 'fuzz, removal logs',
    file: 'test/storage/file/removal.test.ts',
    test: 'passes over a line of its log that says'
  },
  {
    what: 'A line of the removal log that has more than one meaning, one of them wrong, was taken at its wrong one: its folder could not be opened.',
    foundBy: 'fuzz, removal logs',
    file: 'test/storage/file/removal.test.ts',
    test: 'takes of a line of its log only what it knows'
  },
  {
    what: 'A version that is not written in plain digits (31e3) was read as another.',
    foundBy: 'fuzz, keys of envelopes',
    file: 'test/storage/file/key.test.ts',
    test: 'reads the key of'
  },
  {
    what: 'A damaged line whose end was gone took the whole line after it along.',
    foundBy: 'fuzz, segments',
    file: 'test/storage/file/scan.test.ts',
    test: 'loses no line beside those of which bytes are gone'
  },
  {
    what: 'A URL whose user or password is percent-encoded, but not from UTF-8, threw a `URIError` instead of an error that says what is wrong.',
    foundBy: 'fuzz, URLs',
    file: 'test/http/target.test.ts',
    test: 'refuses a user or a password that no text can be made of'
  },
  {
    what: 'No test noticed when a retry that is more than 24 days away asked for a timer that Node fires at once.',
    foundBy: 'nets',
    file: 'test/retry/schedule.test.ts',
    test: 'asks for no longer timer than Node has'
  },
  {
    what: 'No test noticed when the error of a header that cannot be made quoted what its function said.',
    foundBy: 'nets',
    file: 'test/http-writable.test.ts',
    test: 'headers refuses a delivery whose function of a header throws'
  },
  {
    what: 'HBase: a change of which the answer did not speak counted as done.',
    foundBy: 'review',
    file: 'test/storage/hbase/native-table.test.ts',
    test: 'takes no change for done of which an answer'
  },
  {
    what: 'HBase: a reading over more removed rows than a server passes over within `timeout` failed, every time.',
    foundBy: 'review',
    file: 'test/storage/hbase/native-table.test.ts',
    test: 'reads on for longer than its deadline'
  },
  {
    what: 'HBase: a server that gave rows which were not asked for was read without end.',
    foundBy: 'review',
    file: 'test/storage/hbase/native-table.test.ts',
    test: 'ends a scan that gives'
  },
  {
    what: 'What was replayed from a fallback, and had been stored more than once, made the first storage be asked to remove an entry that it had never given: Kafka refused, and the replay failed before the entry was removed; folders and HDFS kept their older version, which was delivered once more.',
    foundBy: 'a review',
    file: 'test/storage/storage-union.test.ts',
    test: 'asks each storage to remove only what was read from it'
  },
  {
    what: 'A replay from Kafka that was taken for dead, and did not know it, committed over what another had settled meanwhile: that was given once more. Where it got its partition back, it forgot what it had just settled.',
    foundBy: 'a review',
    file: 'test/storage/kafka/ledger.test.ts',
    test: 'commits nothing of a partition that another has by now'
  },
  {
    what: 'A partition of which settled entries were just being committed could go to another replay in a rebalance, which was given them again.',
    foundBy: 'a review',
    file: 'test/storage/kafka/ledger.test.ts',
    test: 'keeps the partition of which it is committing in a rebalance'
  },
  {
    what: 'Offsets that Kafka had lost while they were read (the topic was deleted, or a leader elected that had not all) counted as settled: what was appended there later was never given.',
    foundBy: 'a review',
    file: 'test/storage/kafka/cursor.test.ts',
    test: 'for settled: they will be others'
  },
  {
    what: 'Who listed a topic of Kafka while others appended and delivered was shown all that was settled and not deleted yet.',
    foundBy: 'a review',
    file: 'test/storage/kafka/ledger.test.ts',
    test: 'knows what was settled beyond the end that a reader saw before'
  },
  {
    what: 'Rows that a server of MySQL takes together were refused as too large, because copies that fill up a prepared statement were added to them.',
    foundBy: 'a review',
    file: 'test/integration/mysql-own-server.test.ts',
    test: 'bytes at once to a server that takes packets of'
  },
  {
    what: 'In a table of MySQL that somebody had made with an `id` of the usual collation, deliveries whose ids differ in case only took each other for the same: one of them was stored, the others were acknowledged and lost.',
    foundBy: 'a review',
    file: 'test/integration/sql/tables.ts',
    test: 'takes ids that differ in case for what they are where the column was there before'
  },
  {
    what: 'A replay from a database that was stopped for longer than its lease went on with what it had claimed before, which another had by then: it was delivered twice.',
    foundBy: 'a review',
    file: 'test/integration/sql/claims.ts',
    test: 'gives nothing whose claim has lapsed meanwhile: another has it'
  },
  {
    what: 'Whoever removed or released an older version in a database ended the claim of a newer one that was in its place: another replay could be given it as well.',
    foundBy: 'a review',
    file: 'test/integration/sql/claims.ts',
    test: 'keeps the claim of a newer version when the older one is removed, or released'
  },
  {
    what: 'What a reading of a database had just claimed when its storage was closed stayed claimed for the length of a lease, and a timer went on.',
    foundBy: 'a review',
    file: 'test/integration/sql/claims.ts',
    test: 'has nothing claimed when it was closed in the middle of a reading'
  },
  {
    what: 'A replay from Kafka that stood still for longer than its session went on with what it had read ahead, which another had been given by then.',
    foundBy: 'a review',
    file: 'test/integration/kafka-faults.test.ts',
    test: 'goes on with nothing that others were given while it stood still'
  },
  {
    what: 'The place in a file was stored with the fingerprint of whatever had its name by then: after a log was rotated, or emptied, while it was read, the next run passed over lines of the new one that were never sent.',
    foundBy: 'review',
    file: 'test/source/places.test.ts',
    test: 'knows a log again by what was read of it'
  },
  {
    what: 'A file that was replaced between the look at its fingerprint and its reading was passed over by the place of the one before.',
    foundBy: 'review',
    file: 'test/source/places.test.ts',
    test: 'reads the very file that it knew again'
  },
  {
    what: 'The last record of a file without a newline at its end was sent again when the file had grown.',
    foundBy: 'review',
    file: 'test/source/places.test.ts',
    test: 'gives no record again whose newline came later'
  },
  {
    what: 'A last line that was read while it was being written had, when it was read again as a whole, the key of its first part: an endpoint that heeds keys would not have taken it.',
    foundBy: 'review',
    file: 'test/source/places.test.ts',
    test: 'gives a line again that has grown, as another record'
  },
  {
    what: 'What was settled while the place was being written, or after a write that failed, was written with the next change only: a kill before that sent it again.',
    foundBy: 'review',
    file: 'test/source/places.test.ts',
    test: 'writes also what is settled while it writes'
  },
  {
    what: 'After a signal a storage that was slow, or a drain time of less than 0.8 s, made the command line take longer than the drain time and half a second, although the journal keeps what is left.',
    foundBy: 'review',
    file: 'test/cli/deadline.test.ts',
    test: 'P01 waits no longer than the drain time and half a second for a storage that goes on storing'
  },
  {
    what: 'When a storage did not answer until the time after a signal was over, what had been settled in the last moments was not written down, and was sent again.',
    foundBy: 'review',
    file: 'test/cli/commands/closing.test.ts',
    test: 'writes the places, and closes the journal'
  },
  {
    what: 'HBase: a ZooKeeper that did not end the connection kept a socket, and the process, for good.',
    foundBy: 'review',
    file: 'test/storage/hbase/native-table.test.ts',
    test: 'leaves no connection to ZooKeeper open'
  },
  {
    what: "HBase: what somebody whose clock is ahead had appended was not given before the reader's clock had come so far.",
    foundBy: 'review',
    file: 'test/storage/hbase/reading.test.ts',
    test: 'gives what somebody whose clock is ahead has appended before'
  },
  {
    what: 'HBase and HDFS: a reader went on giving what it had in memory after its lease had lapsed, or its storage was closed, while others could claim the same.',
    foundBy: 'review',
    file: 'test/storage/hbase/reading.test.ts',
    test: 'ends when its lease is over'
  },
  {
    what: 'HBase: entries whose claim failed, or could not be given back, were kept from everybody for as long as the process lived.',
    foundBy: 'review',
    file: 'test/storage/hbase/reading.test.ts',
    test: 'claims once more what it could not give back'
  },
  {
    what: 'HDFS: data files of a clock that stands before 2001 were taken for files of others, and never given.',
    foundBy: 'review',
    file: 'test/storage/hdfs/file-name.test.ts',
    test: 'are read as they were made whatever the clock says'
  },
  {
    what: 'HDFS: a reading whose lease had lapsed went on when another one of the same storage had begun anew since.',
    foundBy: 'review',
    file: 'test/storage/hdfs/claims.test.ts',
    test: 'that lapsed end each reading that had them'
  },
  {
    what: 'HDFS: a line of removals that no release has written broke every reading, and was deleted when files were put together.',
    foundBy: 'review',
    file: 'test/storage/hdfs/removals.test.ts',
    test: 'passes over a line that says'
  },
  {
    what: 'HDFS: a file of removals that was listed and never there when it was read was asked for without end.',
    foundBy: 'review',
    file: 'test/storage/hdfs/removals.test.ts',
    test: 'rejects when one is listed and is not to be read'
  },
  {
    what: 'HDFS: an older version whose file stands behind that of the newer one, since a clock was set back, was not removed with it.',
    foundBy: 'review',
    file: 'test/storage/hdfs/removals.test.ts',
    test: 'takes older versions with the newest'
  },
  {
    what: 'HDFS: a listing that a server begins anew again and again was read without end.',
    foundBy: 'review',
    file: 'test/storage/hdfs/servers.test.ts',
    test: 'ends a listing that a server begins anew'
  },
  {
    what: 'The message that refuses a `namenode`, a `zookeeper.quorum` or a `rest.url` quoted the password or the token in it.',
    foundBy: 'review',
    file: 'test/storage/hdfs/name-nodes.test.ts',
    test: 'refuses ${JSON.stringify(address)}'
  },
  {
    what: 'What was written after the folder of a file storage, or its segment, had been deleted or renamed counted as durable, and was gone.',
    foundBy: 'review',
    file: 'test/storage/file/lost-folder.test.ts',
    test: 'T02 takes nothing more once it is'
  },
  {
    what: 'A journal and a failover (or its fallback) in one place, other than by the same path of a folder, were not refused: what was stored was removed again as what the journal no longer needs.',
    foundBy: 'review',
    file: 'test/http-sink.test.ts',
    test: 'refuses a place where the failover, or its fallback, stores too'
  },
  {
    what: 'Once a journal had come to its end, a removal that failed for a moment was not tried again: it made the streams behind it fail, which abandoned what they had.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'repeats a removal that failed for a while also when it has ended'
  },
  {
    what: 'An answer of Kafka that is too short to be one threw where nobody can catch it: the process ended.',
    foundBy: 'remote answers of Kafka',
    file: 'test/storage/kafka/framed-socket.test.ts',
    test: 'ends a connection of whose answer whoever takes it can make nothing'
  },
  {
    what: 'A record of Kafka that says that it has more headers than bytes was read on and on, past its end.',
    foundBy: 'review',
    file: 'test/storage/kafka/framed-socket.test.ts',
    test: 'refuse to be read past their end'
  },
  {
    what: 'A share of the partitions of a Kafka topic that nobody can read threw a `RangeError` instead of an error that says what failed.',
    foundBy: 'remote answers of Kafka',
    file: 'test/storage/kafka/membership.test.ts',
    test: 'says of an assignment that is none that it cannot join'
  },
  {
    what: 'A storage of Kafka whose broker throttles it, or does not answer, was closed never: kafkajs waits for what it may not even send.',
    foundBy: 'remote answers of Kafka',
    file: 'test/storage/kafka/closing.test.ts',
    test: 'waits no longer than its timeout for a broker that lets us wait'
  },
  {
    what: 'A broker of Kafka that gives messages before those that were asked for was asked again for each offset up to the end, however far that is.',
    foundBy: 'review',
    file: 'test/storage/kafka/topic-log.test.ts',
    test: 'does not go on by what was not asked for'
  },
  {
    what: 'An offset of Kafka beyond the integers that a number can tell apart was read at for ever.',
    foundBy: 'review',
    file: 'test/storage/kafka/topic-log.test.ts',
    test: 'for no offset'
  },
  {
    what: 'A journal that was drained while its storage took nothing never came to its end, although what it held could have been stored behind it.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'P01 lets what waits be stored behind it, when it never'
  },
  {
    what: 'A record that the storage of a journal refused just after the stream had been destroyed was never settled, and its write never called back.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'abandons what the storage refuses when it is destroyed meanwhile'
  },
  {
    what: 'A journal in front of a stream that was drained before it began moved all that had been left into the storage behind.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'leaves in it what was left when it was drained before it began'
  },
  {
    what: 'A command line that read a pipe with a name, and was told to stop while that gave nothing, said that its storage failed, and then never ended.',
    foundBy: 'review',
    file: 'test/cli/commands/signals.test.ts',
    test: 'P01 ends while it waits for a pipe with a name'
  },
  {
    what: 'One process in 64 gave its deliveries ids that begin with a dash: `spillway show` took them for flags.',
    foundBy: 'journey',
    file: 'test/cli/commands/stored.test.ts',
    test: 'whose id looks like a flag'
  },
  {
    what: 'A JDBC URL for MySQL that says `useSSL=false` after `verifyServerCertificate=false` was taken for one that asks for encryption.',
    foundBy: 'review',
    file: 'test/storage/sql/options.test.ts',
    test: 'C15 takes parameters in any order'
  },
  {
    what: 'A `Retry-After` with the year 0026 was taken for one of 2026, and 30 February for 1 March.',
    foundBy: 'fuzz',
    file: 'test/http/retry-after.test.ts',
    test: 'E79 ignores'
  },
  {
    what: 'HttpFS ignores `startAfter` of LISTSTATUS_BATCH and gives the whole folder: with more files than are kept in memory every reading ended with an error, for ever.',
    foundBy: 'review',
    file: 'test/storage/hdfs/listing.test.ts',
    test: 'HttpFS, which knows no startAfter'
  },
  {
    what: 'Older releases of Hadoop 2 do not know LISTSTATUS_BATCH: what was stored there could not be read.',
    foundBy: 'review',
    file: 'test/storage/hdfs/listing.test.ts',
    test: 'are asked for as a whole'
  },
  {
    what: 'On HttpFS, which answers RENAME with no more than `false`, a folder that another process had cleared away was never made again: no append of that day succeeded any more.',
    foundBy: 'HttpFS',
    file: 'test/storage/hdfs/servers.test.ts',
    test: 'makes a folder anew that vanished'
  },
  {
    what: 'A broker whose answer to a member that leaves has an error of the group and one of the member ended the process: kafkajs leaves the first to nobody.',
    foundBy: 'remote answers of Kafka',
    file: 'test/storage/kafka/leave-group.test.ts',
    test: 'is an error when it has one of the group'
  },
  {
    what: 'An entry of HDFS that was there twice, and was released, left its second place claimed for as long as its storage was open.',
    foundBy: 'review',
    file: 'test/storage/hdfs/claims.test.ts',
    test: 'that were released end in each place'
  },
  {
    what: 'A record in a gzip batch of Kafka that says it has a thousand million headers got them, until no memory was left.',
    foundBy: 'review',
    file: 'test/storage/kafka/fetch-answer.test.ts',
    test: 'refuses a record that says it has a thousand million headers'
  },
  {
    what: 'What was appended again after a process had died between a sync that failed and its answer to that was taken for stored, and was lost with the power.',
    foundBy: 'simulated disk',
    file: 'test/storage/file/failed-sync.test.ts',
    test: 'keeps what is appended again, though it seems to be there'
  },
  {
    what: 'A message of Kafka whose time is a number of more than 64 bits was read with another time than kafkajs gives it.',
    foundBy: 'fuzz, answers to fetches',
    file: 'test/storage/kafka/byte-reader.test.ts',
    test: 'refuses a number of more than 64 bits'
  },
  {
    what: 'Behind a batch of Kafka of which compaction has taken the last records nothing was read any more.',
    foundBy: 'review',
    file: 'test/storage/kafka/fetch-answer.test.ts',
    test: 'says where a batch ends of which compaction has taken the last records'
  },
  {
    what: 'Behind batches of Kafka of which compaction has taken all records nothing was read any more.',
    foundBy: 'review',
    file: 'test/storage/kafka/topic-log.test.ts',
    test: 'goes on after batches of which all messages are not there any more'
  },
  {
    what: 'A fallback in the place of its storage deleted all that was stored: what was brought back into itself was removed.',
    foundBy: 'review',
    file: 'test/failover-writable.test.ts',
    test: 'fallback in the place of a storage before it is refused'
  },
  {
    what: 'What a fallback held was brought back into a first storage that keeps nothing, `none` or `console`, and so was lost.',
    foundBy: 'review',
    file: 'test/storage/moving-back.test.ts',
    test: 'leaves in a fallback what the first storage would not keep'
  },
  {
    what: 'Damaged lines were written to the failover faster than it takes them: with a `batchSize` below 64 it was destroyed, and they were lost.',
    foundBy: 'review',
    file: 'test/cli/damaged-lines.test.ts',
    test: 'takes no more than a bounded number while the storage is slow'
  },
  {
    what: 'A replay sent an older version out of a fallback, because its filter hid the newest one, which was refused.',
    foundBy: 'review',
    file: 'test/storage/storage-union.test.ts',
    test: 'because a filter hides the newest'
  },
  {
    what: 'Nobody was told when the last sync of a journal by `interval` failed, if it was under way at the end.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'settled() waits for a sync that is under way'
  },
  {
    what: 'A warning that a fallback is used, and the address in `check --probe`, showed what was secret.',
    foundBy: 'review',
    file: 'test/cli/commands/fallback.test.ts',
    test: 'says that the fallback is used, without what is secret'
  },
  {
    what: 'With `eager` the command line ended with an unhandled error when only the fallback could not be opened.',
    foundBy: 'review',
    file: 'test/cli/commands/fallback.test.ts',
    test: 'goes on with its storage when the fallback cannot be opened'
  },
  {
    what: 'A record with a `url` and data beside it was sent as a request without the data when the option `url` was forgotten.',
    foundBy: 'review',
    file: 'test/http/requests.test.ts',
    test: 'a record that has a url, and data beside it'
  },
  {
    what: '`pipeline()` into an HttpWritable that nobody reads hung for ever once `numWriters` deliveries had failed and others waited.',
    foundBy: 'review',
    file: 'test/http-writable.test.ts',
    test: 'is destroyed at the end when nobody reads and what failed lets no more start'
  },
  {
    what: 'Deliveries in the buffer of an HttpSink, or written to it once it was destroyed, were never settled: the replay that gave them hung.',
    foundBy: 'review',
    file: 'test/http-sink.test.ts',
    test: 'lets a replay that is piped into it be settled when it is destroyed'
  },
  {
    what: 'A settle hook that gave something that is no promise broke the stream, with all that was under way.',
    foundBy: 'review',
    file: 'test/delivery/settlement.test.ts',
    test: 'waits for what can be waited for, whatever else a hook gives'
  },
  {
    what: 'A settle hook on a delivery that was settled already, or just being so, was never called.',
    foundBy: 'review',
    file: 'test/delivery.test.ts',
    test: 'tells a hook that comes later at once'
  },
  {
    what: 'What a fallback held was lost when it was brought back into a first storage that was the same one under another name.',
    foundBy: 'review',
    file: 'test/storage/move-back.test.ts',
    test: 'loses nothing when both are one under two names'
  },
  {
    what: 'A journal in the table where the FailoverWritable of the same pipeline stored removed what was stored there.',
    foundBy: 'review',
    file: 'test/journal-transform.test.ts',
    test: 'are refused where a FailoverWritable stores that is not closed'
  },
  {
    what: 'Where nothing may be deleted, of a Kafka topic that is compacted or without the right to, every replay and `close()` ended a whole `timeout` late.',
    foundBy: 'a compacted topic',
    file: 'test/integration/kafka-compaction.test.ts',
    test: 'reads and replays what compaction has left'
  },
  {
    what: 'The first append after the opening of a file storage was acknowledged and lost when the segment that it went on in had just lost its last entry: that was deleted under it.',
    foundBy: 'review',
    file: 'test/storage/file/removal.test.ts',
    test: 'loses no append that began'
  },
  {
    what: 'Each connection that the endpoint closed left its socket in memory, 5 KB, for as long as the stream lived, and a warning of Node once there were eleven.',
    foundBy: 'a warning of Node in the tests of faults',
    file: 'test/http/endable-connector.test.ts',
    test: 'keeps no socket that the endpoint has closed'
  },
  {
    what: 'A file of StreamPark in HDFS of which a server gave only the beginning was deleted once that was settled, and the line where it broke off was given as an entry.',
    foundBy: 'review',
    file: 'test/storage/hdfs/files.test.ts',
    test: 'of StreamPark lose no line that a server did not give'
  },
  {
    what: 'In HDFS an entry that was appended again in an older version than was removed before was not given, as long as the file with the removed one was there.',
    foundBy: 'review',
    file: 'test/storage/hdfs/newest-versions.test.ts',
    test: 'appended anew in an older version than was removed'
  },
  {
    what: 'A reading of HDFS whose claim was under way while another one found the lease lapsed gave the same entries as that one.',
    foundBy: 'review',
    file: 'test/storage/hdfs/claims.test.ts',
    test: 'that lapsed while a file was being claimed'
  },
  {
    what: 'An append to HDFS whose first try was given up and reached its DataNode late was acknowledged with an empty file.',
    foundBy: 'review',
    file: 'test/storage/hdfs/servers.test.ts',
    test: 'when a try to write it that was given up comes late'
  },
  {
    what: 'What a server of WebHDFS, or a proxy before it, said of a request stood in the error with the delegation token, where it quoted the URL.',
    foundBy: 'review',
    file: 'test/storage/hdfs-storage.test.ts',
    test: 'token is said to the NameNode, and in no message'
  },
  {
    what: 'When a Kafka topic was deleted and made anew while a replay had entries of the old one, what it settled of these passed over entries of the new one.',
    foundBy: 'review',
    file: 'test/integration/kafka-anew.test.ts',
    test: 'loses nothing of a topic that was made anew'
  },
  {
    what: 'Who had seen an entry of a file storage that another process was writing, and then could not write, deleted the segment with all that was left in it when he removed that entry.',
    foundBy: 'review',
    file: 'test/storage/file/disk-faults.test.ts',
    test: 'keeps what is appended where one stood that was never acknowledged'
  },
  {
    what: 'When `spillway run` was stopped by a signal while its journal took nothing, its disk was full say, all records but the first of an append were written after the end of the journal: the run failed, and what waited was abandoned, although the failover had room.',
    foundBy: 'trying by hand',
    file: 'test/journal-transform.test.ts',
    test: 'ends only when all of an append that fails has gone on'
  }
]
