import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { describeTransactionsV0 } from '@platformatic/kafka'
import { openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy } from './proxy.ts'
import type { Fate, Proxy } from './proxy.ts'
import { numbered, valuesIn } from './topics.ts'
import { openUnits, positionOf } from './units.ts'
import type { Units, UnitsOptions } from './units.ts'

describe('transactions', { timeout: 300_000, skip }, () => {
  let bed: Bed
  const opened: { close(): Promise<void> }[] = []
  before(async () => { bed = await openBed() })
  after(async () => {
    for (const each of opened.reverse()) await each.close()
    await bed.close()
  })
  async function units(options: Partial<UnitsOptions> & Pick<UnitsOptions, 'topics'>): Promise<Units> {
    const made = await openUnits({ brokers: bed.brokers, id: bed.name('tid'), group: bed.name('group'), ...options })
    opened.push(made)
    return made
  }
  async function proxied(): Promise<Proxy> {
    const proxy = await openProxy(bed.brokers)
    opened.push(proxy)
    return proxy
  }
  const stateOf = async (id: string) => (await bed.cluster.request({ transaction: id }, describeTransactionsV0.api, [[id]])).transactionStates[0]!

  test('one unit spans all partitions of several topics, and the position', async () => {
    const topics = [await bed.topic(4), await bed.topic(2)], group = bed.name('group')
    const { write, commit, delivery } = await units({ topics, group })
    const writes = [write(0, numbered('a', 100)), write(1, numbered('r', 20)), write(0, numbered('b', 100))]
    await Promise.all(writes)
    assert.deepEqual([...await bed.cluster.topic(topics[0]!).then(({ partitions }) => partitions)].length, 4)
    await commit(200)
    assert.equal(await positionOf(bed.cluster, group, topics[0]!), 200)
    assert.equal((await valuesIn(bed.cluster, topics[0]!)).length, 200)
    assert.equal((await valuesIn(bed.cluster, topics[1]!)).length, 20)
    await write(0, numbered('hidden', 50))
    await write(1, numbered('hidden', 50))
    await delivery.abort()
    await commit(300)                                  // positions alone
    assert.equal(await positionOf(bed.cluster, group, topics[0]!), 300)
    assert.equal((await valuesIn(bed.cluster, topics[0]!)).length, 200)
    assert.equal((await valuesIn(bed.cluster, topics[1]!)).length, 20)
    assert.equal((await valuesIn(bed.cluster, topics[0]!, false)).length, 250, 'what was aborted is there, for who wants to see it')
  })

  test('nothing to commit is no transaction', async () => {
    const id = bed.name('tid')
    const { delivery } = await units({ id, topics: [await bed.topic(1)] })
    await delivery.commit([])
    await delivery.abort()
    assert.equal((await stateOf(id)).transactionState, 'Empty')
  })

  test('a record that is too large is refused, and the unit goes on', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': '10000' })
    const { write, commit } = await units({ topics: [topic] })
    const refused = await write(0, [{ value: 'a' }, { value: 'x'.repeat(20_000) }, { value: 'b' }])
    assert.deepEqual(refused.map(({ row, error }) => [row, error.code]), [[1, 'SLUICE_RECORD_TOO_LARGE']])
    await write(0, [{ value: 'c' }])
    await commit(3)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['a', 'b', 'c'])
  })

  test('who comes last shuts out who came before, whose open transaction is aborted at once', async () => {
    const topic = await bed.topic(1), id = bed.name('tid'), group = bed.name('group')
    const zombie = await units({ id, group, topics: [topic] })
    await zombie.write(0, [{ value: 'zombie' }])
    const began = Date.now()
    const heir = await units({ id, group, topics: [topic] })
    assert.ok(Date.now() - began < 10_000)
    assert.deepEqual(await valuesIn(bed.cluster, topic), [])
    await heir.write(0, [{ value: 'heir' }])
    for (const late of [() => zombie.write(0, [{ value: 'late' }]), () => zombie.commit(1), () => zombie.delivery.abort()]) {
      await late().then(() => {}, error => {
        assert.equal(error.code === 'SLUICE_WRITE_BEFORE_FAILED' ? error.cause.code : error.code, 'SLUICE_PRODUCER_FENCED')
        assert.match((error.cause ?? error).message, new RegExp(`another process has taken over transactional id '${id}'`))
      })
    }
    await assert.rejects(zombie.commit(1), { code: 'SLUICE_PRODUCER_FENCED', severity: 'fatal' })
    await heir.commit(7)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['heir'], 'the zombie has not disturbed its heir')
    assert.equal(await positionOf(bed.cluster, group, topic), 7)
  })

  test('a zombie without an open transaction is shut out too', async () => {
    const topic = await bed.topic(1), id = bed.name('tid'), group = bed.name('group')
    const zombie = await units({ id, group, topics: [topic] })
    await zombie.write(0, [{ value: 'a' }])
    await zombie.commit(1)
    const heir = await units({ id, group, topics: [topic] })
    await assert.rejects(zombie.write(0, [{ value: 'late' }]), { code: 'SLUICE_PRODUCER_FENCED' })
    await heir.write(0, [{ value: 'b' }])
    await heir.commit(2)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['a', 'b'])
  })

  test('the broker aborts what takes too long; it is written again, by the same process', async () => {
    const topic = await bed.topic(1), id = bed.name('tid'), group = bed.name('group')
    const { write, commit, delivery } = await units({ id, group, topics: [topic], timeoutMs: 1_000 })
    await write(0, [{ value: 'slow' }])
    for (let tries = 0; (await stateOf(id)).transactionState === 'Ongoing'; tries++) {
      assert.ok(tries < 300, 'the broker looks for these every 10 s')
      await sleep(100)
    }
    await assert.rejects(commit(1), { code: 'SLUICE_TRANSACTION_FAILED', severity: 'retry' })
    await delivery.abort()
    assert.equal(await positionOf(bed.cluster, group, topic), 0)
    await write(0, [{ value: 'again' }])
    await commit(1)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['again'])
    assert.equal(await positionOf(bed.cluster, group, topic), 1)
  })

  test('too long and taken over meanwhile: the new one is left alone', async () => {
    const topic = await bed.topic(1), id = bed.name('tid')
    const zombie = await units({ id, topics: [topic], timeoutMs: 1_000 })
    await zombie.write(0, [{ value: 'slow' }])
    while ((await stateOf(id)).transactionState === 'Ongoing') await sleep(100)
    const heir = await units({ id, topics: [topic] })
    await heir.write(0, [{ value: 'heir' }])
    await assert.rejects(zombie.write(0, [{ value: 'late' }]), { code: 'SLUICE_PRODUCER_FENCED', severity: 'fatal' })
    await heir.commit(1)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['heir'])
  })

  test('a time-out that the broker does not allow', async () => {
    await assert.rejects(openUnits({ brokers: bed.brokers, id: bed.name('tid'), group: 'g', topics: [await bed.topic(1)], timeoutMs: 2_000_000_000 }),
      { code: 'SLUICE_CONFIG_INVALID', message: /transactionTimeoutMs/ })
  })

  for (const where of ['request', 'answer'] as const) {
    for (const [name, key] of Object.entries(API)) {
      if (name === 'FETCH') continue
      test(`connection lost with the ${where} of ${name}: nothing is lost, nothing comes twice`, async () => {
        const topics = [await bed.topic(2), await bed.topic(1)], group = bed.name('group')
        const proxy = await proxied()
        let cuts = 0
        proxy[where] = of => of === key && cuts++ % 3 === 1 ? 'cut' : 'pass'
        const { write, commit } = await units({ brokers: proxy.brokers, group, topics })
        for (let unit = 0; unit < 6; unit++) {
          await Promise.all([write(0, numbered(`u${unit}-`, 20)), write(1, numbered(`r${unit}-`, 3)), write(0, numbered(`v${unit}-`, 20))])
          await commit(unit + 1)
        }
        assert.ok(cuts > 1 || key === API.INIT_PRODUCER_ID || key === API.METADATA || key === API.FIND_COORDINATOR)
        assert.equal(await positionOf(bed.cluster, group, topics[0]!), 6)
        const found = await valuesIn(bed.cluster, topics[0]!)
        assert.deepEqual([...found].sort(), Array.from({ length: 6 }, (_, unit) => [...numbered(`u${unit}-`, 20), ...numbered(`v${unit}-`, 20)].map(({ value }) => value)).flat().sort())
        assert.deepEqual(await valuesIn(bed.cluster, topics[1]!), Array.from({ length: 6 }, (_, unit) => numbered(`r${unit}-`, 3).map(({ value }) => value)).flat())
      })
    }
  }

  test('abort does not wait for a broker that does not answer, and shuts out what is on its way', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    const proxy = await proxied()
    const { write, commit, delivery } = await units({ brokers: proxy.brokers, group, topics: [topic] })
    await write(0, [{ value: 'a' }])
    await commit(1)
    let letGo = () => {}
    const held = new Promise<Fate>(resolve => { letGo = () => resolve('pass') })
    proxy.request = key => key === API.PRODUCE ? held : 'pass'
    const stuck = write(0, [{ value: 'stuck' }])
    stuck.catch(() => {})
    await sleep(100)
    const began = Date.now()
    await delivery.abort()
    assert.ok(Date.now() - began < 5_000)
    await assert.rejects(stuck)
    proxy.request = () => 'pass'
    const next = write(0, [{ value: 'b' }])
    letGo()                                            // now the old batch arrives, in the middle of the next transaction
    await next
    await commit(2)
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['a', 'b'])
  })

  test('a commit without an answer: abort finds out whether it happened', async () => {
    for (const where of ['request', 'answer'] as const) {
      const topic = await bed.topic(1), group = bed.name('group')
      const proxy = await proxied()
      const { write, commit, delivery } = await units({ brokers: proxy.brokers, group, topics: [topic], requestTimeoutMs: 1_000 })
      await write(0, [{ value: 'a' }])
      proxy[where] = key => key === API.END_TXN ? 'lose' : 'pass'
      await assert.rejects(commit(1), { code: 'SLUICE_SINK_AWAY', severity: 'retry' })
      await assert.rejects(delivery.abort(), { code: 'SLUICE_SINK_AWAY' }, 'as long as it is not known it must not be written again')
      proxy[where] = () => 'pass'
      await delivery.abort()
      const happened = where === 'answer'
      assert.equal(await positionOf(bed.cluster, group, topic), happened ? 1 : 0)
      assert.deepEqual(await valuesIn(bed.cluster, topic), happened ? ['a'] : [])
      await write(0, [{ value: 'b' }])
      await commit(2)
      assert.deepEqual(await valuesIn(bed.cluster, topic), happened ? ['a', 'b'] : ['b'])
    }
  })

  for (const again of [true, false]) {
    test(`a commit that arrives late, in the middle of the next transaction, commits nothing (${again ? 'it was sent again' : 'it was given up'})`, async () => {
      const topic = await bed.topic(1), group = bed.name('group')
      const proxy = await proxied()
      const { write, commit, delivery } = await units({ brokers: proxy.brokers, group, topics: [topic], requestTimeoutMs: again ? 10_000 : 1_000 })
      await write(0, [{ value: 'a' }])
      let letGo = () => {}
      const held = new Promise<Fate>(resolve => { letGo = () => resolve('pass') })
      let ends = 0
      proxy.request = key => key !== API.END_TXN ? 'pass' : ends++ === 0 ? held : again ? 'pass' : 'lose'
      const committing = commit(1)
      if (again) {
        await sleep(100)
        proxy.dropClients()
        await committing
      } else await assert.rejects(committing, { code: 'SLUICE_SINK_AWAY' })
      proxy.request = () => 'pass'
      if (!again) await delivery.abort()
      await write(0, [{ value: 'b' }])
      letGo()
      await sleep(300)
      await delivery.abort()
      const before = again ? ['a'] : []
      assert.deepEqual(await valuesIn(bed.cluster, topic), before)
      assert.equal(await positionOf(bed.cluster, group, topic), before.length)
      await write(0, [{ value: 'c' }])
      await commit(2)
      assert.deepEqual(await valuesIn(bed.cluster, topic), [...before, 'c'])
    })
  }
})
