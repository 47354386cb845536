import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { consumerGroupDescribeV0 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import { Membership } from '../../src/connect/kafka/membership.ts'
import { commit, committed } from '../../src/connect/kafka/offsets.ts'
import type { SluiceError } from '../../src/core/index.ts'
import { loud, openBed, skip, sleep, until } from './bed.ts'
import type { Bed } from './bed.ts'

describe('members of a group', { timeout: 120_000, skip }, () => {
  let bed: Bed
  const opened: { close(): Promise<void> }[] = []
  before(async () => { bed = await openBed() })
  after(async () => {
    for (const each of opened.reverse()) await each.close()
    await bed.close()
  })

  interface Member extends Membership { readonly events: string[]; readonly error: SluiceError | undefined; readonly cluster: Cluster }
  interface Given { readonly group: string; readonly topics?: readonly string[]; readonly pattern?: string; readonly instance?: string; revoked?(partitions: readonly string[], member: Member): Promise<void> }

  async function join({ group, topics, pattern, instance, revoked }: Given): Promise<Member> {
    const context = testContext(loud)
    const cluster = await openCluster({ brokers: bed.brokers }, context, 'source')
    const events: string[] = []
    let error: SluiceError | undefined
    const member: Membership = new Membership(cluster, { group, topics, pattern, instance, rebalanceMs: 10_000 }, {
      assigned(partitions) { events.push(...partitions.map(partition => `+${partition}`)) },
      async revoked(partitions) {
        await revoked?.(partitions, member as Member)
        events.push(...partitions.map(partition => `-${partition}`))
      },
      lost(partitions) { events.push(...partitions.map(partition => `!${partition}`)) },
      ended(cause) { error = cause },
    }, context)
    member.start()
    opened.push(cluster, member)
    return Object.defineProperties(member, { events: { value: events }, error: { get: () => error }, cluster: { value: cluster } }) as Member
  }
  const all = (topic: string, count: number) => Array.from({ length: count }, (_, i) => `${topic}/${i}`)
  const sorted = (...members: Membership[]) => members.flatMap(({ partitions }) => partitions).sort()

  test('every partition has one owner', async () => {
    const topic = await bed.topic(4), group = bed.name('group')
    const a = await join({ group, topics: [topic] })
    await until('a has all', () => a.partitions.length === 4)
    const b = await join({ group, topics: [topic] })
    await until('both have two', () => a.partitions.length === 2 && b.partitions.length === 2)
    assert.deepEqual(sorted(a, b), all(topic, 4))
    await b.close()
    await until('a has all again', () => a.partitions.length === 4)
  })

  test('what is taken away goes on only when it is let go', async () => {
    const topic = await bed.topic(2), group = bed.name('group')
    let letGo = () => {}
    const waits = new Promise<void>(resolve => { letGo = resolve })
    const a = await join({ group, topics: [topic], revoked: () => waits })
    await until('a has both', () => a.partitions.length === 2)
    const b = await join({ group, topics: [topic] })
    await sleep(4_000)                                                     // longer than a session without heartbeats may last
    assert.deepEqual(a.events.filter(event => !event.startsWith('+')), [], 'neither let go nor lost')
    assert.deepEqual(b.partitions, [])
    const claim = a.claim(all(topic, 2))
    await commit(a.cluster, claim, [{ partition: `${topic}/0`, offset: 5n }, { partition: `${topic}/1`, offset: 6n }], testContext(), false)
    letGo()
    await until('b has one', () => b.partitions.length === 1)
    assert.deepEqual(sorted(a, b), all(topic, 2))
    assert.deepEqual([...(await committed(b.cluster, group, all(topic, 2), 5_000, new AbortController().signal)).values()].sort(), [5n, 6n])
  })

  test('a commit for what has left is refused, even when it has come back', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    const a = await join({ group, topics: [topic], instance: bed.name('z') })
    await until('a has it', () => a.partitions.length === 1)
    const claim = a.claim(a.partitions), before = a.metadata
    const b = await join({ group, topics: [topic] })
    await a.close()
    await until('b has it, when the place of a has expired', () => b.partitions.length === 1)
    await b.close()
    const again = await join({ group, topics: [topic] })
    await until('it is owned again', () => again.partitions.length === 1)
    assert.throws(() => claim.member(), { code: 'SLUICE_FENCED' })
    const stale = { member: () => before, renewed: async () => {} }
    await assert.rejects(commit(again.cluster, stale, [{ partition: `${topic}/0`, offset: 9n }], testContext(), false), { code: 'SLUICE_FENCED', severity: 'retry' })
    assert.deepEqual([...(await committed(again.cluster, group, all(topic, 1), 5_000, new AbortController().signal)).values()], [undefined])
  })

  test('a commit whose epoch is too old takes the new one', async () => {
    const topic = await bed.topic(2), group = bed.name('group')
    const a = await join({ group, topics: [topic] })
    await until('a has both', () => a.partitions.length === 2)
    const { epoch } = a.metadata
    const b = await join({ group, topics: [topic] })
    await until('both have one', () => a.partitions.length === 1 && b.partitions.length === 1 && a.metadata.epoch > epoch)
    const claim = a.claim(a.partitions)
    let asked = 0
    const late = { ...claim, member: () => ({ ...claim.member(), ...(asked++ === 0 ? { epoch: epoch - 1 } : {}) }) }
    await commit(a.cluster, late, [{ partition: a.partitions[0]!, offset: 3n }], testContext(), false)
    assert.equal(asked, 2)
  })

  test('a member that was silent too long has lost everything, and joins again', async () => {
    const topic = await bed.topic(2), group = bed.name('group')
    const a = await join({ group, topics: [topic] })
    await until('a has both', () => a.partitions.length === 2)
    const { memberId } = a.metadata
    await a.cluster.request({ group }, (await import('../../src/connect/kafka/heartbeat.ts')).heartbeat, [group, memberId, -1, null, null, -1, null, null, null, null])
    await until('lost and taken again', () => a.events.join() === ['+0', '+1', '!0', '!1', '+0', '+1'].map(event => `${event[0]}${topic}/${event[1]}`).join())
  })

  test('a static member gets its partitions back, and nobody else notices', async () => {
    const topic = await bed.topic(4), group = bed.name('group')
    const [one, two] = [bed.name('i'), bed.name('i')]
    const a = await join({ group, topics: [topic], instance: one })
    const b = await join({ group, topics: [topic], instance: two })
    await until('both have two', () => a.partitions.length === 2 && b.partitions.length === 2)
    const its = a.partitions.sort(), { events: { length } } = b
    await a.close()
    const again = await join({ group, topics: [topic], instance: one })
    await until('they are back', () => again.partitions.length === 2)
    assert.deepEqual(again.partitions.sort(), its)
    await sleep(500)
    assert.equal(b.events.length, length)
  })

  test('a static member that was killed is replaced at once; one that lives on is told', async () => {
    const topic = await bed.topic(2), group = bed.name('group'), instance = bed.name('i')
    const a = await join({ group, topics: [topic], instance })
    await until('a has both', () => a.partitions.length === 2)
    const again = await join({ group, topics: [topic], instance })
    await until('they are taken over', () => again.partitions.length === 2)
    await until('a has ended', () => a.error !== undefined)
    assert.equal(a.error?.code, 'SLUICE_INSTANCE_TAKEN')
    assert.equal(a.error?.severity, 'fatal')
    assert.deepEqual(a.partitions, [])
  })

  test('partitions added while running appear by themselves', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    const a = await join({ group, topics: [topic] })
    await until('a has it', () => a.partitions.length === 1)
    await bed.morePartitions(topic, 3)
    await until('a has three', () => a.partitions.length === 3)
  })

  test('a pattern takes topics that are made later', async () => {
    const word = bed.name('pattern'), group = bed.name('group')
    const first = await bed.topic(1, {}, `${word}.one`)
    const a = await join({ group, pattern: `${word}\\..*` })
    await until('a has it', () => a.partitions.length === 1)
    const second = await bed.topic(2, {}, `${word}.two`)
    await bed.topic(1, {}, `other.${word}.three`)
    await until('a has three', () => a.partitions.length === 3, 60_000)     // a broker looks for new topics every 10 seconds
    assert.deepEqual(sorted(a), [`${first}/0`, `${second}/0`, `${second}/1`])
  })

  test('a pattern that the broker cannot read', async () => {
    const a = await join({ group: bed.name('group'), pattern: 'rides(' })
    await until('it has ended', () => a.error !== undefined)
    assert.equal(a.error?.code, 'SLUICE_CONFIG_INVALID')
    assert.match(a.error?.message ?? '', /missing closing/)
  })

  test('who leaves is no member any more', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    const a = await join({ group, topics: [topic] })
    await until('a has it', () => a.partitions.length === 1)
    await a.close()
    const { groups: [described] } = await bed.cluster.request({ group }, consumerGroupDescribeV0.api, [[group], false])
    assert.deepEqual(described?.members, [])
  })
})
