import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { StorageError } from '../../../lib/errors.ts'
import { isDisconnect, storageError, typeOf } from '../../../lib/storage/kafka/failure.ts'

const { KafkaJSProtocolError, KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSDeleteTopicRecordsError } =
  kafkajs

describe('what Kafka answers, as a StorageError', () => {
  const answered = (type: string, retriable: boolean): Error =>
    new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable }))
  const given = (cause: Error) => new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 1 })

  const cases: Array<[row: string, type: string, retriable: boolean, code: string, retryable: boolean]> = [
    ['T50', 'NOT_LEADER_FOR_PARTITION', true, 'SPW_ERR_STORAGE', true],
    ['T50', 'LEADER_NOT_AVAILABLE', true, 'SPW_ERR_STORAGE', true],
    ['T51', 'REQUEST_TIMED_OUT', true, 'SPW_ERR_STORAGE', true],
    ['T52', 'NOT_ENOUGH_REPLICAS', true, 'SPW_ERR_STORAGE', true],
    ['T52', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', true, 'SPW_ERR_STORAGE', true],
    ['T52', 'MESSAGE_TOO_LARGE', false, 'SPW_ERR_STORAGE_REFUSED', false],
    ['T52', 'TOPIC_AUTHORIZATION_FAILED', false, 'SPW_ERR_STORAGE', false],
    ['T52', 'GROUP_AUTHORIZATION_FAILED', false, 'SPW_ERR_STORAGE', false],
    ['T52', 'UNKNOWN_TOPIC_OR_PARTITION', true, 'SPW_ERR_STORAGE', true],
    ['T37', 'SASL_AUTHENTICATION_FAILED', false, 'SPW_ERR_STORAGE', false],
    ['T52', 'KAFKA_STORAGE_ERROR', true, 'SPW_ERR_STORAGE', true],
    ['T52', 'INVALID_REPLICATION_FACTOR', false, 'SPW_ERR_STORAGE', false]
  ]
  for (const [row, type, retriable, code, retryable] of cases) {
    it(`${row} takes ${type} for ${code}, ${retryable ? 'to be tried again' : 'for good'}`, () => {
      for (const cause of [answered(type, retriable), given(answered(type, retriable))]) {
        const error = storageError('append to the topic t', cause)
        expect(error).to.include({ code, retryable })
        expect(error.message)
          .to.match(/^Cannot append to the topic t: /)
          .and.to.contain(type)
        expect(typeOf(error)).to.equal(type)
        expect(isDisconnect(error)).to.equal(false)
      }
    })
  }

  it('T49 takes a connection that failed for something that passes', () => {
    const error = storageError(
      'read the topic t',
      given(new KafkaJSConnectionError('connect ECONNREFUSED 127.0.0.1:1'))
    )
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    expect(error.message).to.equal('Cannot read the topic t: connect ECONNREFUSED 127.0.0.1:1.')
    expect(isDisconnect(error)).to.equal(true)
  })

  it('finds what was said of a partition from which nothing may be deleted', () => {
    const said = answered('POLICY_VIOLATION', false)
    const cause = new KafkaJSDeleteTopicRecordsError({
      topic: 't',
      partitions: [{ partition: 0, offset: '7', error: said as kafkajs.KafkaJSProtocolError }]
    })
    expect(typeOf(cause)).to.equal('POLICY_VIOLATION')
    expect(isDisconnect(cause)).to.equal(false)
    expect(storageError('delete from the topic t', cause).message).to.contain('POLICY_VIOLATION')
  })

  it('leaves a StorageError as it is', () => {
    const error = new StorageError('SPW_ERR_STORAGE_LOCKED', 'x', { retryable: true })
    expect(storageError('y', error)).to.equal(error)
  })
})
