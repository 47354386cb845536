import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Outcome, Seeds } from './schedule/worker.ts'

/** Runs seeds in a thread and looks from outside: one that spins in microtasks stops every timer of its thread. */
async function watched(seeds: Omit<Seeds, 'at'>, seedMs: number): Promise<Outcome> {
  const at = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('schedule/worker.ts', import.meta.url), { workerData: { ...seeds, at } satisfies Seeds })
  let seen = 0, since = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  worker.once('message', resolve)
  worker.once('error', reject)
  const watch = setInterval(() => {
    const seed = Atomics.load(at, 0), now = performance.now()
    if (seed !== seen) { seen = seed; since = now }
    else if (now - since > (seed === 0 ? 60_000 : seedMs)) reject(new Error(`seed ${seed} did not come back within ${seedMs} ms`))      // 0: still starting
  }, 50)
  try { return await promise } finally { clearInterval(watch); await worker.terminate() }
}

test('nothing lost, doubled or out of order in 1,000 schedules of faults, revocations, crashes and stops', async () => {
  const { tally, failures } = await watched({ first: 1, count: 1000 }, 20_000)
  assert.deepEqual(failures.map(failure => failure.slice(0, 500)), [])
  assert.equal(tally.runs, 1000)
  // it would prove little if these had not come up
  for (const what of ['crashes', 'zombies', 'stops', 'atRecordExactly', 'above', 'moves', 'lost', 'faults', 'doubles', 'skipped'] as const) assert.ok(tally[what] > 20, `${what}: ${tally[what]}`)
})

test('a seed that spins in microtasks is named', async () => {
  await assert.rejects(watched({ first: 7, count: 3, spinAt: 8 }, 1000), /seed 8 did not come back/)
})
