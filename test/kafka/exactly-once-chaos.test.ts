import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SluiceError } from '../../src/core/index.ts'
import { openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy } from './proxy.ts'
import type { Fate } from './proxy.ts'
import { readTopic } from './topics.ts'
import { openUnits, positionOf } from './units.ts'
import type { Units } from './units.ts'

const SEEDS = Number(process.env.SEEDS ?? 6), FROM = Number(process.env.SEED ?? 1)
const UNITS = 25

/** The same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b9) | 1
  return below => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0
    return (state >>> 8) % below
  }
}

describe('units of delivery over connections that fail', { timeout: 600_000, skip }, () => {
  let bed: Bed
  before(async () => { bed = await openBed() })
  after(() => bed.close())

  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    test(`seed ${seed}: every record once and in order, with its position`, async t => {
      const random = randomOf(seed)
      const topics = [await bed.topic(2), await bed.topic(1)], group = bed.name('group'), id = bed.name('tid')
      const proxy = await openProxy(bed.brokers)
      const opened: { close(): Promise<void> }[] = [proxy]
      t.after(async () => { for (const each of opened.reverse()) await each.close() })
      const keys = new Set<number>(Object.values(API))
      let calm = false, faults = 0
      const fate = async (key: number): Promise<Fate> => {
        if (calm || !keys.has(key)) return 'pass'
        const dice = random(100)
        if (dice < 4) { faults++; return 'cut' }
        if (dice < 5) { faults++; return 'lose' }
        if (dice < 12) await sleep(random(30))
        return 'pass'
      }
      proxy.request = proxy.answer = fate
      const open = async (): Promise<Units> => {
        for (;;) {
          try {
            const made = await openUnits({ brokers: proxy.brokers, id, group, topics, requestTimeoutMs: 1_000 })
            opened.push(made)
            return made
          } catch (error) {
            assert.ok(error instanceof SluiceError && error.severity === 'retry', String(error))
          }
        }
      }
      let units = await open()
      let at = 0, aborts = 0
      while (at < UNITS) {
        try {
          const writes: Promise<unknown>[] = []
          for (let i = random(5); i >= 0; i--) writes.push(units.write(0, [{ key: 'a', value: `${at}.${i}` }, { key: 'b', value: `${at}.${i}` }, { key: 'c', value: `${at}.${i}` }]))
          if (random(3) > 0) writes.push(units.write(1, [{ value: `${at}` }]))
          const settling = Promise.allSettled(writes)
          if (random(8) === 0) throw new SluiceError('SLUICE_FENCED', 'as if')
          const settled = await settling
          for (const each of settled) if (each.status === 'rejected') throw each.reason
          await units.commit(at + 1)
          at++
        } catch (error) {
          assert.ok(error instanceof SluiceError && error.severity === 'retry', String(error))
          aborts++
          if (random(6) === 0) {                       // a crash: somebody else comes with the same id
            units = await open()
          } else {
            for (;;) {
              try { await units.delivery.abort(); break } catch (error) { assert.ok(error instanceof SluiceError && error.severity === 'retry', String(error)) }
            }
          }
          at = await positionOf(bed.cluster, group, topics[0]!)
        }
      }
      calm = true
      const found = await readTopic(bed.cluster, topics[0]!)
      for (const key of ['a', 'b', 'c']) {
        const its = found.filter(line => line.key === key).map(({ value }) => value!.split('.').map(Number) as [number, number])
        const byUnit = Map.groupBy(its, ([unit]) => unit)
        assert.deepEqual([...byUnit.keys()], Array.from({ length: UNITS }, (_, i) => i), `key ${key}: every unit, in order`)
        for (const [unit, rows] of byUnit) assert.deepEqual(rows.map(([, i]) => i), Array.from({ length: rows.length }, (_, i) => rows.length - 1 - i), `key ${key}, unit ${unit}: once, in order`)
      }
      const rejects = (await readTopic(bed.cluster, topics[1]!)).map(({ value }) => Number(value))
      assert.deepEqual(rejects, [...new Set(rejects)].sort((a, b) => a - b))
      assert.ok(faults > 0)
      t.diagnostic(`seed ${seed}: ${faults} faults, ${aborts} aborts`)
    })
  }
})
