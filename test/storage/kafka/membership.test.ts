import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { Membership } from '../../../lib/storage/kafka/membership.ts'
import { failure } from '../../support/storage-failure.ts'

describe('Membership', () => {
  /** A member of a group whose coordinator gives these answers. */
  function member(answers: { members?: object[]; memberAssignment?: Buffer }): Membership {
    const { members = [], memberAssignment = Buffer.alloc(0) } = answers
    const coordinator = {
      joinGroup: async () => ({ generationId: 1, leaderId: 'm', memberId: 'm', members }),
      syncGroup: async () => ({ memberAssignment }),
      leaveGroup: async () => undefined
    }
    const cluster = {
      connect: async () => undefined,
      disconnect: async () => undefined,
      refreshMetadata: async () => undefined,
      findGroupCoordinator: async () => coordinator
    }
    return new Membership({
      topic: 't',
      groupId: 'g',
      sessionTimeout: 1_000,
      timeout: 200,
      protocol: kafkajs.AssignerProtocol,
      open: async () => cluster as never,
      held: () => [],
      partitions: async () => [0],
      assigned: async () => undefined,
      lost: () => undefined
    })
  }

  const noArray = Buffer.from([0, 0, 0xff, 0xff, 0xff, 0xf0])

  it('says of an assignment that is none that it cannot join', async () => {
    const error = await failure(member({ memberAssignment: noArray }).join())
    expect(error.message).to.match(/^Cannot join the group g: /)
  })

  it('says of another member that says of itself what nobody can read that it cannot join', async () => {
    for (const memberMetadata of [noArray, Buffer.alloc(0)]) {
      const error = await failure(member({ members: [{ memberId: 'm', memberMetadata }] }).join())
      expect(error.message).to.match(/^Cannot join the group g: /)
    }
  })
})
